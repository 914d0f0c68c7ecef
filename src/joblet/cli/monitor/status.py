"""`rnx monitor status`: one screen of facts about the host."""

from __future__ import annotations

from collections.abc import Sequence

import click

from joblet.cli.calling import call
from joblet.cli.forms import output_option
from joblet.cli.monitor.options import filter_option, json_option, types_from
from joblet.cli.terminal import terminal_width
from joblet.configfile.client import Choice


@click.command("status")
@filter_option
@output_option
@json_option
@click.pass_obj
def command(choice: Choice, *, types: tuple[Sequence[str], ...], form: str, is_json: bool) -> None:
    """Show what the server's host is and how full it is."""
    from joblet.cli.monitor.answers import measured_over  # noqa: PLC0415  not for --help
    from joblet.cli.monitor.pages import status_page  # noqa: PLC0415
    from joblet.cli.monitor.schema import system_fields  # noqa: PLC0415
    from joblet.cli.schema import as_json  # noqa: PLC0415

    asked = types_from(types)
    system = call(choice, lambda client: measured_over(client, asked, None) if asked else client.system())
    if is_json or form == "json":
        click.echo(as_json(system_fields(system)))
    else:
        has_jobs = not asked or "job" in asked
        click.echo("\n".join(status_page(system, terminal_width(), has_jobs=has_jobs)))
