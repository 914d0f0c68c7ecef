"""`rnx stats`: what a job used over its life, as a picture and in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.forms import output_option
from joblet.cli.parameters import job_id_argument
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job
    from joblet.metrics import JobSample

WIDTH = 80
"""Where there is no terminal."""


@click.command("stats")
@output_option
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, form: str, job_id: str) -> None:
    """Show the CPU and the memory that a job used over its life.

    As plots; as a table a line for each sample.
    """
    job, samples = call(choice, lambda client: asked(client, job_id))
    if form == "json":
        from joblet.cli.monitor.schema import samples_fields  # noqa: PLC0415  not for --help
        from joblet.cli.schema import as_json, job_fields  # noqa: PLC0415

        click.echo(as_json({"job": job_fields(job), "samples": samples_fields(samples)}))
    elif form == "text":
        show_life(job, samples)
    else:
        from joblet.cli.jobtable import show_table  # noqa: PLC0415  not for --help
        from joblet.cli.life import sample_columns  # noqa: PLC0415

        show_table(sample_columns(samples))


def show_life(job: Job, samples: Sequence[JobSample]) -> None:
    """Show plots, as wide as the terminal."""
    from joblet.cli.life import life_lines  # noqa: PLC0415  not for --help
    from joblet.cli.plot import ASCII, BLOCKS  # noqa: PLC0415
    from joblet.cli.terminal import can_show, terminal_width  # noqa: PLC0415

    glyphs = BLOCKS if can_show(f"{BLOCKS.levels}{BLOCKS.floor}{BLOCKS.limit}") else ASCII
    click.echo("\n".join(life_lines(job, samples, terminal_width() or WIDTH, glyphs)))


async def asked(client: Client, job_id: str) -> tuple[Job, Sequence[JobSample]]:
    """Return a job and the samples of its life until then."""
    samples = await client.stats(job_id)
    return await client.status(job_id), samples
