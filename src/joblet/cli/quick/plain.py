"""The forms of the command line that are plain: what is asked, of whom, with which certificates.

They mean here what they mean to the full program (`cli/main.py`,
`configfile/client.py`), or they are not plain.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from joblet.configfile.defaults import DEFAULT_ADDRESS, DEFAULT_NODE, DEFAULT_PATHS, SEARCHED, VARIABLES
from joblet.configfile.plainfile import PartsOfNode, address_of, expect_pem, nodes_of, read


class Question(NamedTuple):
    """A verb, the id of a job if it takes one, and what flags and variables say; "" is nothing."""

    verb: str
    job_id: str
    said: Mapping[str, str]


class Server(NamedTuple):
    """Whom to ask; certificates and key are PEM text."""

    host: str
    port: int
    cert: str
    key: str
    ca: str


def question_of(arguments: Sequence[str], environment: Mapping[str, str]) -> Question | None:
    """Return what is asked, None if it is not plain."""
    said = {flag: environment.get(variable, "") for flag, variable in VARIABLES.items()} | {"node": ""}
    words = list(arguments)
    while words and words[0].startswith("--"):
        flag, equals, value = words.pop(0)[2:].partition("=")
        if not equals and words:
            value = words.pop(0)
        if flag not in said or not value:
            return None
        said[flag] = value
    match words:
        case ["list"] | ["list", "-o" | "--output", "text"] | ["list", "--output=text"]:
            return Question("list", "", said)
        case ["status", job_id] if job_id.isascii() and job_id.isdecimal():
            return Question("status", job_id, said)
    return None


def server_of(said: Mapping[str, str]) -> Server:
    """Return whom to ask.

    Raises:
        OSError: a file cannot be read.
        LookupError: the file has no such node.
        ValueError: the file is not plain, or something else is wrong with it or the address.

    """
    node = node_of(said)
    host, port = address_of(said["server"] or node.get("address", DEFAULT_ADDRESS))
    return Server(host, port, node["cert"], node["key"], node["ca"])


def node_of(said: Mapping[str, str]) -> PartsOfNode:
    """Return the parts of a node: all of a file, or all of paths; raises as `server_of` does."""
    paths = {part: said[part] for part in DEFAULT_PATHS if said[part]}
    is_complete = len(paths) == len(DEFAULT_PATHS) and said["server"] and not said["node"]
    file = "" if is_complete else said["config"] or find_file()
    if file and not paths:
        return nodes_of(read(file))[said["node"] or DEFAULT_NODE]
    if file or said["node"]:
        raise ValueError("a file, and paths beside it")
    node = {part: read(path) for part, path in (DEFAULT_PATHS | paths).items()}
    expect_pem(node)
    return node


def find_file() -> str:
    """Return the first file that exists of those that are looked for, "" if there is none."""
    return next(filter(os.path.exists, map(os.path.expanduser, SEARCHED)), "")
