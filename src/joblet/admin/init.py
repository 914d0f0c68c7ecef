"""`joblet init`: an authority, certificates and two configuration files that work as they are.

Everything is made in memory first. A file is created with the mode it keeps,
by a call that fails if there is one already: nobody else ever reads a key, and
nothing is overwritten. If something fails, what was created is removed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from joblet.admin import systemd
from joblet.admin.cert import Credential, Purpose, Subject, create_authority, issue_certificate
from joblet.admin.template import joblet_config, rnx_config
from joblet.configfile.units import parse_address
from joblet.errors import ConfigurationError

SERVER_NAMES = ("joblet", "localhost", "127.0.0.1", "::1")
"""What every server certificate is good for; clients of this API pin the first."""

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  recognized, not bound
DEFAULT_ADDRESS = "0.0.0.0:50051"
CLIENT_ROLES = {"default": "admin", "viewer": "viewer"}
"""The nodes of rnx-config.yml and the role that each has."""


@click.command("init")
@click.option("--dir", "folder", required=True, metavar="DIR", type=Path, help="Where to put everything.")
@click.option(
    "--address", default=DEFAULT_ADDRESS, show_default=True, metavar="HOST:PORT", help="Where to serve."
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Another name or IP address of this server; may be given again.",
)
@click.option(
    "--systemd",
    "with_units",
    is_flag=True,
    help=f"Install systemd units too, to {systemd.FOLDER}; only these where DIR has a configuration already.",
)
def command(folder: Path, address: str, names: tuple[str, ...], *, with_units: bool) -> None:
    """Make an authority, certificates and configuration files.

    Nothing that is there is overwritten.
    """
    config_path = folder / "joblet-config.yml"
    with contextlib.ExitStack() as made:
        if with_units and config_path.exists():
            state_dir, steps = systemd.expect_delegation(config_path), ""
        else:
            cgroup = systemd.CGROUP if with_units else ""
            made.enter_context(created(folder, contents(address, names, cgroup)))
            state_dir, steps = folder / "state", next_steps(folder)
        if with_units:
            made.enter_context(installed(systemd.unit_texts(config_path, state_dir), state_dir))
            steps += systemd.NEXT_STEPS
        click.echo(steps)


def contents(address: str, names: tuple[str, ...], cgroup: str = "") -> Mapping[str, str]:
    """Return the text of each file by its path in the folder; jobs go to this cgroup, if one is given.

    Raises:
        ConfigurationError: the address or a name is malformed.

    """
    host, port = split_address(address)
    authority = create_authority()
    own_names = () if host in WILDCARDS else (host,)
    hosts = tuple(dict.fromkeys((*SERVER_NAMES, *own_names, *names)))
    server = issue_certificate(authority, Subject(name="joblet", purpose=Purpose.SERVER, hosts=hosts))
    clients = {
        role: issue_certificate(authority, Subject(name=role, purpose=Purpose.CLIENT, units=(role,)))
        for role in CLIENT_ROLES.values()
    }
    call_address = f"localhost:{port}" if host in WILDCARDS else address
    nodes = {node: clients[role] for node, role in CLIENT_ROLES.items()}
    return {
        **pem_files("ca", authority),
        **pem_files("server", server),
        **pem_files("client", clients["admin"]),
        **pem_files("admin-client", clients["admin"]),
        **pem_files("viewer-client", clients["viewer"]),
        "joblet-config.yml": joblet_config(host, port, cgroup),
        "rnx-config.yml": rnx_config(call_address, authority.cert, nodes),
    }


def split_address(address: str) -> tuple[str, int]:
    """Return host and port.

    Raises:
        ConfigurationError: it is not `host:port`.

    """
    try:
        host, _, port = parse_address(address).rpartition(":")
    except ValueError as error:
        raise ConfigurationError("--address", f"expected {error}, got {address!r}") from None
    return host.strip("[]"), int(port)


def pem_files(name: str, credential: Credential) -> dict[str, str]:
    """Return a certificate and its key under the names of the API's examples."""
    return {f"certs/{name}-cert.pem": credential.cert, f"certs/{name}-key.pem": credential.key}


@contextlib.contextmanager
def installed(units: Mapping[str, str], state_dir: Path, folder: Path = systemd.FOLDER) -> Iterator[None]:
    """Create the units, for all to read, and the state directory, which must exist before the daemon starts.

    Raises:
        ConfigurationError: one of them exists, or cannot be created.

    """
    with created(folder, units, mode=0o644), contextlib.ExitStack() as undo:
        ensure_folder(state_dir, undo)
        yield
        undo.pop_all()


@contextlib.contextmanager
def created(folder: Path, texts: Mapping[str, str], mode: int = 0o600) -> Iterator[None]:
    """Create all files; remove them again if one of them, or the block, fails.

    Raises:
        ConfigurationError: one of them exists, or cannot be created.

    """
    for name in texts:
        if os.path.lexists(folder / name):
            raise ConfigurationError(str(folder / name), "exists already, and nothing is overwritten")
    with contextlib.ExitStack() as undo:
        try:
            for name, text in texts.items():
                ensure_folder((folder / name).parent, undo)
                create(folder / name, text, undo, mode)
        except OSError as error:
            raise ConfigurationError(str(error.filename), f"cannot be created: {error.strerror}") from error
        yield
        undo.pop_all()


def ensure_folder(folder: Path, undo: contextlib.ExitStack) -> None:
    """Create a folder that only this user may enter, with the ones above it, unless it exists."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700)
        undo.callback(os.rmdir, missing)


def create(path: Path, text: str, undo: contextlib.ExitStack, mode: int) -> None:
    """Create a file that has this mode from its first byte on.

    Raises:
        OSError: it exists, a dangling link included, or cannot be written.

    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    undo.callback(os.unlink, path)
    with open(fd, "w", encoding="ascii") as file:
        file.write(text)


def next_steps(folder: Path) -> str:
    """Return what to do with it."""
    return f"""\
Made in {folder}:
  joblet-config.yml  the server's configuration; keys and certificates are in certs/
  rnx-config.yml     for clients: node default (admin) and node viewer; it holds their private keys

Next:
  joblet doctor --state-dir {folder}
  joblet serve --config {folder}/joblet-config.yml
  rnx --config {folder}/rnx-config.yml run echo hello

certs/ca-key.pem signs further certificates; nothing else needs it, so keep it somewhere safe."""
