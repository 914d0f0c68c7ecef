"""`rnx --version`: ours, and that of the server if there is one to ask."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.render import printable
from joblet.configfile.client import Choice
from joblet.errors import JobletError

if TYPE_CHECKING:
    from joblet.client import Client

PATIENCE_SECONDS = 2.0


def show_versions(choice: Choice) -> None:
    """Print our version; then the server's, or on stderr why it is not known."""
    click.echo(f"rnx, version {version('joblet')}")
    try:
        click.echo(f"server, version {printable(call(choice, server_version))}")
    except TimeoutError:
        click.echo(f"server: no answer within {PATIENCE_SECONDS:g} s", err=True)
    except JobletError as error:
        click.echo(f"server: {printable(str(error))}", err=True)


async def server_version(client: Client) -> str:
    """Return the server's version."""
    import asyncio  # noqa: PLC0415  not for --help

    async with asyncio.timeout(PATIENCE_SECONDS):
        return await client.version()
