"""`rnx list`: jobs, one a line, oldest first unless asked otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.cli.forms import output_option, show_jobs
from joblet.cli.parameters import COUNT, MOMENT
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job
    from joblet.search import Search

STATUSES = ("INITIALIZING", "RUNNING", "COMPLETED", "FAILED", "STOPPED")
SORTS = ("age", "name", "status")


@click.command("list")
@click.option(
    "--status",
    type=click.Choice(STATUSES, case_sensitive=False),
    multiple=True,
    metavar="STATUS",
    help="Only jobs with this status; may be given again.",
)
@click.option("--name", default="", metavar="PATTERN", help="Only jobs with this name; * is any part of it.")
@click.option(
    "--since",
    type=MOMENT,
    metavar="TIME",
    help="Only jobs started since then (2024-01-15T10:30:00Z), or in so long (2h).",
)
@click.option("--sort", type=click.Choice(SORTS), default="age", help="Sort by this (default: age).")
@click.option("--reverse", "-r", is_flag=True, help="The other way round: the newest first.")
@click.option("--limit", "-n", type=COUNT, metavar="N", help="Only the first N of them.")
@output_option
@click.pass_obj
def command(
    choice: Choice,
    *,
    status: tuple[str, ...],
    name: str,
    since: datetime | None,
    sort: str,
    reverse: bool,
    limit: int | None,
    form: str,
) -> None:
    """List all jobs with their current status."""
    from joblet.job import JobStatus  # noqa: PLC0415  not for --help
    from joblet.search import Search, Sort  # noqa: PLC0415

    statuses = frozenset(map(JobStatus, status))
    search = Search(statuses=statuses, name=name, since=since, sort=Sort(sort), is_reversed=reverse)
    jobs = call(choice, lambda client: found(client, search, limit))
    show_jobs(jobs, form, render.listed)


async def found(client: Client, search: Search, limit: int | None) -> list[Job]:
    """Return the jobs that are asked for: with the API's own call, if they are simply all."""
    from contextlib import aclosing  # noqa: PLC0415  not for --help

    if search == type(search)() and limit is None and (jobs := await all_at_once(client)) is not None:
        return jobs
    jobs = []
    async with aclosing(client.search(search)) as pages:
        async for job in pages:
            if limit is not None and len(jobs) >= limit:
                break
            jobs.append(job)
    return jobs


async def all_at_once(client: Client) -> list[Job] | None:
    """Return all jobs, None if they are too many for one message."""
    from joblet.errors import MessageTooLargeError  # noqa: PLC0415  not for --help

    try:
        return await client.list()
    except MessageTooLargeError:
        return None
