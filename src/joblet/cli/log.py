"""`rnx log`: a job's output as it was written, byte for byte, to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.parameters import COUNT, job_id_argument
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client

FLAG_VALUES = {"true": "--follow", "false": "--no-follow"}


class LogCommand(click.Command):
    """Takes `--follow=false` too, which click has no form for that leaves `-f 1` alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line, see `click.Command`."""
        return super().parse_args(ctx, [follow_flag(arg, ctx) for arg in args])


def follow_flag(arg: str, ctx: click.Context) -> str:
    """Return click's form of `--follow=...`, anything else as it is."""
    name, equals, value = arg.partition("=")
    if name not in {"--follow", "-f"} or not equals:
        return arg
    try:
        return FLAG_VALUES[value.lower()]
    except KeyError:
        raise click.UsageError(f"--follow: expected true or false, got {value!r}", ctx) from None


@click.command("log", cls=LogCommand)
@click.option("--follow/--no-follow", "-f", default=True, help="Follow the log stream (default: true).")
@click.option("--tail", type=COUNT, metavar="N", help="Start at the last N lines of what there is.")
@click.option("--since-offset", type=COUNT, metavar="N", help="Start at byte N.")
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, follow: bool, tail: int | None, since_offset: int | None, job_id: str) -> None:
    """Stream job output in real-time or view historical logs.

    \b
    Examples:
      rnx log 1                  # View all logs
      rnx log -f 1               # Follow live output
      rnx log --follow=false 1   # Historical logs only
      rnx log --tail=10 1        # The last ten lines, and what comes
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    if tail is not None and since_offset is not None:
        raise click.UsageError("--tail and --since-offset: expected one of them")
    offset = since_offset or 0
    call(choice, lambda client: show_log(client, job_id, offset=offset, follow=follow, tail_lines=tail))


async def show_log(client: Client, job_id: str, *, offset: int, follow: bool, tail_lines: int | None) -> None:
    """Write the job's output to stdout as it comes, below a header on stderr."""
    from joblet.cli.output import write_all  # noqa: PLC0415  not for --help

    await client.status(job_id)  # so that no header announces the log of a job that there is not
    click.echo(f"Logs for job {job_id} (Press Ctrl+C to exit if streaming):", err=True)
    await write_all(client.logs(job_id, offset=offset, follow=follow, tail_lines=tail_lines))
