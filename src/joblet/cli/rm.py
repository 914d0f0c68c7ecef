"""`rnx rm`: remove ended jobs, with their logs and files."""

from __future__ import annotations

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.cli.forms import output_option, show_fields
from joblet.cli.parameters import job_ids_argument
from joblet.configfile.client import Choice


@click.command("rm")
@output_option
@job_ids_argument
@click.pass_obj
def command(choice: Choice, *, form: str, job_ids: tuple[str, ...]) -> None:
    """Remove ended jobs with their logs and files: all, or none."""
    call(choice, lambda client: client.remove(job_ids))
    text = "\n".join(map(render.removed, job_ids))
    show_fields({"removed": list(job_ids)}, form, text, {"REMOVED": job_ids})
