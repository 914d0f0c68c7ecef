"""`job-worker output`: a job's output as text, from its first byte to its end."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call_worker
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.workerclient import WorkerClient


@click.command("output")
@click.argument("job_id", metavar="<job-id>")
@click.pass_obj
def command(choice: Choice, job_id: str) -> None:
    """Stream a job's output as text, until the job ends.

    What is no UTF-8 is replaced by U+FFFD; rnx log gives the bytes.
    """
    call_worker(choice, lambda client: show_output(client, job_id))


async def show_output(client: WorkerClient, job_id: str) -> None:
    """Write the job's output to stdout as it comes, as UTF-8 whatever the locale."""
    from joblet.cli.output import Output  # noqa: PLC0415  not for --help

    async with Output() as output, aclosing(client.output(job_id)) as texts:
        async for text in texts:
            await output.write(text.encode())
