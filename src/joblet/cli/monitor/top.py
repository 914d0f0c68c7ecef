"""`rnx monitor top`: what the host does now, and who does it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from joblet.cli.calling import call
from joblet.cli.forms import output_option
from joblet.cli.monitor.options import filter_option, interval_type, json_option, types_from
from joblet.cli.terminal import terminal_width
from joblet.configfile.client import Choice


@click.command("top")
@filter_option
@click.option(
    "--interval", type=interval_type, metavar="TIME", help="Measure for this long (default: half a second)."
)
@output_option
@json_option
@click.pass_obj
def command(
    choice: Choice, *, types: tuple[Sequence[str], ...], interval: int | None, form: str, is_json: bool
) -> None:
    """Show the busiest jobs, processes and interfaces of the host."""
    from joblet.cli.monitor.answers import measured_over  # noqa: PLC0415  not for --help
    from joblet.cli.monitor.pages import top_page  # noqa: PLC0415
    from joblet.cli.monitor.schema import system_fields  # noqa: PLC0415
    from joblet.cli.schema import as_json  # noqa: PLC0415

    system = call(choice, lambda client: measured_over(client, types_from(types), interval))
    if is_json or form == "json":
        click.echo(as_json(system_fields(system)))
    else:
        click.echo("\n".join(top_page(system, terminal_width())))
