"""`joblet cert issue`: one more person, or program, that may call this server.

What it writes is one rnx-config.yml, complete as it is: certificate, key,
authority and address. The authority's key stays where `joblet init` put it,
and is needed for nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from joblet.access import Role
from joblet.admin.cert import VALIDITY, Credential, Purpose, Subject, issue_certificate
from joblet.admin.init import created
from joblet.admin.template import rnx_config
from joblet.configfile.client import read_nodes
from joblet.configfile.defaults import DEFAULT_NODE
from joblet.configfile.units import parse_address
from joblet.errors import ConfigurationError


@click.group("cert")
def cert() -> None:
    """Issue certificates to those who may call this server."""


@cert.command("issue")
@click.option("--dir", "folder", required=True, metavar="DIR", type=Path, help="The folder of `joblet init`.")
@click.option(
    "--name", required=True, metavar="NAME", help="Whom it names: a job's owner, and who stopped it."
)
@click.option(
    "--role",
    required=True,
    type=click.Choice([each.value for each in Role]),
    help="admin: everything; viewer: look only.",
)
@click.option(
    "--address", metavar="HOST:PORT", help="Where to call the server (default: as in DIR/rnx-config.yml)."
)
@click.option(
    "--days",
    metavar="N",
    type=click.IntRange(1, VALIDITY.days),
    default=VALIDITY.days,
    show_default=True,
    help="How long it is good.",
)
@click.option(
    "--output", metavar="FILE", type=Path, help="What to write (default: NAME-rnx-config.yml, here)."
)
def issue(*, folder: Path, name: str, role: str, address: str | None, days: int, output: Path | None) -> None:
    """Write an rnx-config.yml with a new certificate; overwrite nothing.

    It holds a private key: hand it over as you would a password.
    """
    authority = read_authority(folder)
    subject = Subject(name=name, purpose=Purpose.CLIENT, units=(role,))
    client = issue_certificate(authority, subject, valid_for=timedelta(days=days))
    file = output or Path(file_name(name))
    text = rnx_config(call_address(folder, address), authority.cert, {DEFAULT_NODE: client})
    with created(file.parent, {file.name: text}):
        click.echo(f"Made {file}: {name} is {role} for {days} days; it holds a private key.")


def read_authority(folder: Path) -> Credential:
    """Return the authority that `joblet init` made.

    Raises:
        ConfigurationError: it is not there, or not to be read.

    """
    try:
        cert_text, key_text = (
            Path(folder, "certs", f"ca-{part}.pem").read_text(encoding="ascii", errors="replace")
            for part in ("cert", "key")
        )
    except OSError as error:
        raise ConfigurationError(str(error.filename), f"cannot be read: {error.strerror}") from error
    return Credential(cert=cert_text, key=key_text)


def call_address(folder: Path, said: str | None) -> str:
    """Return where to call the server.

    Raises:
        ConfigurationError: it is malformed, or nowhere to be found.

    """
    if said:
        try:
            return parse_address(said)
        except ValueError as error:
            raise ConfigurationError("--address", f"expected {error}, got {said!r}") from None
    file = folder / "rnx-config.yml"
    nodes = read_nodes(file)
    if DEFAULT_NODE not in nodes:
        raise ConfigurationError(str(file), f"no node {DEFAULT_NODE!r}: say --address HOST:PORT")
    return nodes[DEFAULT_NODE].address


def file_name(name: str) -> str:
    """Return the name of the file for this person, who may be called `../../x`."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    return f"{plain}-rnx-config.yml"
