"""`rnx monitor watch`: the same as top, again and again.

A terminal gets one screen, drawn over and over, and has its own back at the
end; a pipe gets one page after the other, or one JSON object a line.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.forms import output_option
from joblet.cli.monitor.options import filter_option, interval_type, json_option, types_from
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.metrics import SystemMetrics


@click.command("watch")
@filter_option
@click.option("--interval", type=interval_type, default="2s", metavar="TIME", help="How often (default: 2s).")
@output_option
@json_option
@click.pass_obj
def command(
    choice: Choice, *, types: tuple[Sequence[str], ...], interval: int, form: str, is_json: bool
) -> None:
    """Show the same as top, again and again until Ctrl-C.

    A pipe gets one page after the other; with --json, one object a line.
    """
    asked = types_from(types)
    if is_json or form == "json" or not sys.stdout.isatty():
        is_json = is_json or form == "json"
        call(choice, lambda client: print_all(client, asked, interval, is_json=is_json))
    else:
        call(choice, lambda client: draw_all(client, asked, interval))


async def print_all(client: Client, types: Sequence[str], interval: int, *, is_json: bool) -> None:
    """Print what comes, until nobody reads it any more."""
    from joblet.cli.monitor.answers import watched  # noqa: PLC0415  not for --help
    from joblet.cli.output import Output  # noqa: PLC0415

    async with Output() as output, aclosing(watched(client, types, interval)) as systems:
        async for system in systems:
            await output.write(f"{printed(system, is_json=is_json)}\n".encode())


def printed(system: SystemMetrics, *, is_json: bool) -> str:
    """Return a page and an empty line after it, or a line of JSON."""
    from joblet.cli.monitor.pages import top_page  # noqa: PLC0415  not for --help
    from joblet.cli.monitor.schema import system_fields  # noqa: PLC0415

    return json.dumps(system_fields(system)) if is_json else "\n".join([*top_page(system, None), ""])


async def draw_all(client: Client, types: Sequence[str], interval: int) -> None:
    """Draw what comes on the terminal's other screen."""
    import asyncio  # noqa: PLC0415  not for --help

    from joblet.cli.monitor.answers import watched  # noqa: PLC0415
    from joblet.cli.terminal import on_resize, other_screen  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    last: list[SystemMetrics] = []

    def redraw() -> None:
        loop.call_soon_threadsafe(lambda: draw(last[-1]) if last else None)

    with other_screen(), on_resize(redraw):
        async with aclosing(watched(client, types, interval)) as systems:
            async for system in systems:
                last[:] = [system]
                draw(system)


def draw(system: SystemMetrics) -> None:
    """Draw a page as large as the terminal is now."""
    from joblet.cli.monitor.pages import top_page  # noqa: PLC0415  not for --help
    from joblet.cli.terminal import frame  # noqa: PLC0415

    size = shutil.get_terminal_size()
    sys.stdout.write(frame(top_page(system, size.columns, size.lines)))
    sys.stdout.flush()
