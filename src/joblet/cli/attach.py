"""`rnx attach`: come back to a running job, to its output, and to its input or terminal if it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.parameters import COUNT, job_id_argument
from joblet.cli.program import ends_with_a_job
from joblet.configfile.client import Choice
from joblet.errors import JobNotRunningError

if TYPE_CHECKING:
    from joblet.client import Client


@click.command("attach")
@click.option("--no-stdin", is_flag=True, help="Send it no input, though it takes some.")
@click.option(
    "--tail", type=COUNT, default=0, metavar="N", help="Start at the last N lines of what there is."
)
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, no_stdin: bool, tail: int, job_id: str) -> None:
    """Come back to a running job: to its output, and its input.

    What it prints from now on is shown, and what comes here on stdin it is given, if
    it takes any. It ends with the job, and with its exit code (see rnx run --help).
    Ctrl-C leaves the job running; if that has a terminal it is a key like any other,
    and Ctrl-P Ctrl-Q leaves. Whoever attaches last writes; one does at a time.
    """
    with ends_with_a_job():
        code = call(choice, lambda client: attach(client, job_id, feeds=not no_stdin, tail_lines=tail))
    raise click.exceptions.Exit(code)


async def attach(client: Client, job_id: str, *, feeds: bool, tail_lines: int) -> int:
    """Return the exit code of a job that it stays with."""
    from joblet.cli.foreground import follow, told  # noqa: PLC0415  not for --help

    job = await client.status(job_id)
    if job.status.is_terminal:
        raise JobNotRunningError(job.id, job.status)
    if job.spec.terminal and feeds:
        from joblet.cli.interact import interact  # noqa: PLC0415  for a terminal only
        from joblet.cli.keyboard import require_terminal  # noqa: PLC0415

        require_terminal()
        return await interact(client, job.id, tail_lines=tail_lines, redraws=True)
    await follow(client, job, feeds=feeds and job.spec.stdin, tail_lines=tail_lines)
    return told(await client.wait(job.id))
