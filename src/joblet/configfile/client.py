"""rnx-config.yml, flags, variables and default paths to the `Node` to call.

What is said on the command line (or in a variable, which the caller resolves)
wins part by part over the node of the file, and that over the API's default
paths. A file that nothing is needed from is not read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from joblet.config import Node, TlsConfig
from joblet.configfile import defaults, pem, plainfile
from joblet.configfile.defaults import DEFAULT_ADDRESS, DEFAULT_NODE, DEFAULT_PATHS, FILE_NAME
from joblet.configfile.units import one_of, parse_address
from joblet.errors import ConfigurationError

NODE: Mapping[str, Callable[[str], str]] = {
    "address": parse_address,
    "cert": pem.parse_certificate,
    "key": pem.parse_private_key,
    "ca": pem.parse_certificate,
}

SEARCHED = tuple(map(Path, defaults.SEARCHED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the caller said; "" is nothing. All but `server` and `node` are paths."""

    server: str = ""
    cert: str = ""
    key: str = ""
    ca: str = ""
    config: str = ""
    node: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether no file is needed, nor asked for."""
        parts = (self.server, self.cert, self.key, self.ca)
        return all(parts) and not self.node


def choose_node(choice: Choice) -> Node:
    """Return the server to call and the certificates to call it with.

    Raises:
        ConfigurationError: the file is wrong or lacks the node, the address is
            malformed, or a certificate is nowhere to be read.

    """
    find = require_client_config if choice.node else find_client_config
    file = None if choice.is_complete else find(choice.config)
    node = _node_of_file(file, choice.node or DEFAULT_NODE) if file else None
    known = {"cert": node.tls.cert, "key": node.tls.key, "ca": node.tls.ca} if node else {}
    said = {"cert": choice.cert, "key": choice.key, "ca": choice.ca}
    tls = TlsConfig(**{part: _pem(part, path, known.get(part, "")) for part, path in said.items()})
    if choice.server:
        return Node(address=_address(choice.server), tls=tls)
    return Node(address=node.address if node else DEFAULT_ADDRESS, tls=tls)


def find_client_config(named: str) -> Path | None:
    """Return the file to read: the one named, or the first that exists, or None."""
    if named:
        return Path(named)
    return next((file for file in map(Path.expanduser, SEARCHED) if file.exists()), None)


def require_client_config(named: str) -> Path:
    """Return the same.

    Raises:
        ConfigurationError: none is named and none exists.

    """
    file = find_client_config(named)
    if file is None:
        raise ConfigurationError(FILE_NAME, f"not found (looked for {_searched()})")
    return file


def read_nodes(file: Path) -> Mapping[str, Node]:
    """Return all nodes of a file by name, in its order.

    Raises:
        ConfigurationError: something is wrong with the file, a key or a value.

    """
    try:
        plain = plainfile.nodes_of(plainfile.read(os.fspath(file)))
    except (OSError, ValueError):
        return parse_nodes(file)
    return {name: node_of_parts(parts) for name, parts in plain.items()}


def parse_nodes(file: Path) -> Mapping[str, Node]:
    """Return the same of any file, plain or not; raises as `read_nodes` does."""
    # Late: PyYAML is not loaded where flags say everything, or the file is plain.
    from joblet.configfile.section import Setting, read_document  # noqa: PLC0415

    document = read_document(file)
    document.expect_keys(("version", "nodes"))
    document.values({"version": Setting("version", one_of("3.0"))})
    settings = {key: Setting(key, parse) for key, parse in NODE.items()}
    nodes = {}
    for name, section in document.section("nodes").sections():
        nodes[name] = node_of_parts(section.all_of(settings))
    return nodes


def node_of_parts(parts: Mapping[str, str]) -> Node:
    """Return the node that has this address and these certificates."""
    return Node(address=parts["address"], tls=TlsConfig(cert=parts["cert"], key=parts["key"], ca=parts["ca"]))


def _node_of_file(file: Path, name: str) -> Node:
    nodes = read_nodes(file)
    if name not in nodes:
        raise ConfigurationError(str(file), f"no node {name!r} (found {', '.join(nodes) or 'none'})")
    return nodes[name]


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        raise ConfigurationError("--server", f"expected {error}, got {text!r}") from None


def _pem(part: str, path: str, of_node: str) -> str:
    """Return the text of the file at `path`, else what the node has, else that at the default path."""
    if of_node and not path:
        return of_node
    file = Path(path or DEFAULT_PATHS[part])
    try:
        return NODE[part](file.read_text(encoding="ascii", errors="replace"))
    except OSError as error:
        hint = "" if path else f" (name it with --{part}, or make one of {_searched()})"
        raise ConfigurationError(str(file), f"cannot be read: {error.strerror}{hint}") from error
    except ValueError as error:
        raise ConfigurationError(str(file), f"expected {error}") from None


def _searched() -> str:
    return ", ".join(map(str, SEARCHED))
