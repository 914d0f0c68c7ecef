"""`job-worker status`: whether a job runs, or how it ended."""

from __future__ import annotations

import click

from joblet.cli.calling import call_worker
from joblet.cli.worker import render
from joblet.configfile.client import Choice


@click.command("status")
@click.argument("job_id", metavar="<job-id>")
@click.pass_obj
def command(choice: Choice, job_id: str) -> None:
    """Show whether a job runs, or the exit code it ended with."""
    click.echo(render.status(call_worker(choice, lambda client: client.status(job_id))))
