"""`rnx stop`: end a running job."""

from __future__ import annotations

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.cli.forms import output_option, show_job
from joblet.cli.parameters import job_id_argument
from joblet.configfile.client import Choice


@click.command("stop", short_help="Stop a running job gracefully or forcefully.")
@click.option("--force", is_flag=True, help="SIGKILL at once, without a grace period.")
@output_option
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, force: bool, form: str, job_id: str) -> None:
    """Stop a running job gracefully (SIGTERM) or forcefully (SIGKILL)."""
    job = call(choice, lambda client: client.stop(job_id, force=force))
    show_job(job, form, render.stopped)
