"""`rnx status`: what a job is doing, or how it ended."""

from __future__ import annotations

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.cli.forms import output_option, show_job
from joblet.cli.parameters import job_id_argument
from joblet.configfile.client import Choice


@click.command("status")
@output_option
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, form: str, job_id: str) -> None:
    """Get detailed information about a job by ID."""
    show_job(call(choice, lambda client: client.status(job_id)), form, render.status)
