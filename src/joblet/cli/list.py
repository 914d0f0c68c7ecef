"""`rnx list`: all jobs, one a line, oldest first."""

from __future__ import annotations

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.configfile.client import Choice


@click.command("list")
@click.pass_obj
def command(choice: Choice) -> None:
    """List all jobs with their current status."""
    jobs = call(choice, lambda client: client.list())
    if jobs:
        click.echo("\n".join(map(render.listed, jobs)))
    else:
        click.echo("No jobs found", err=True)
