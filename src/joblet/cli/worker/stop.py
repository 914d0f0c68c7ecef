"""`job-worker stop`: end a running job."""

from __future__ import annotations

import click

from joblet.cli.calling import call_worker
from joblet.cli.worker import render
from joblet.configfile.client import Choice


@click.command("stop")
@click.argument("job_id", metavar="<job-id>")
@click.pass_obj
def command(choice: Choice, job_id: str) -> None:
    """Stop a running job: SIGTERM, and after a grace period SIGKILL."""
    call_worker(choice, lambda client: client.stop(job_id))
    click.echo(render.stopped(job_id))
