"""`rnx stop`: end a running job."""

from __future__ import annotations

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.configfile.client import Choice


@click.command("stop")
@click.option("--force", is_flag=True, help="SIGKILL at once, without a grace period.")
@click.argument("job_id", metavar="<job-id>")
@click.pass_obj
def command(choice: Choice, *, force: bool, job_id: str) -> None:
    """Stop a running job gracefully (SIGTERM) or forcefully (SIGKILL)."""
    click.echo(render.stopped(call(choice, lambda client: client.stop(job_id, force=force))))
