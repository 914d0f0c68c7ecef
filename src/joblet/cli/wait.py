"""`rnx wait`: stay until jobs have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.cli.ends import shell_code
from joblet.cli.forms import output_option, show_jobs
from joblet.cli.parameters import job_ids_argument
from joblet.cli.program import ends_with_a_job
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job


@click.command("wait")
@output_option
@job_ids_argument
@click.pass_obj
def command(choice: Choice, *, form: str, job_ids: tuple[str, ...]) -> None:
    """Wait until jobs have ended, and show how.

    The exit code is that of the first job, in the order given, whose code is not
    0: its own, 128 + n if signal n ended it, 125 if that is not known or it could
    not be waited for.
    """
    with ends_with_a_job():
        jobs = call(choice, lambda client: wait_all(client, job_ids))
    show_jobs(jobs, form, render.ended)
    raise click.exceptions.Exit(next(filter(None, map(shell_code, jobs)), 0))


async def wait_all(client: Client, job_ids: tuple[str, ...]) -> list[Job]:
    """Return all of the jobs, once they have ended."""
    import asyncio  # noqa: PLC0415  not for --help

    return await asyncio.gather(*map(client.wait, job_ids))
