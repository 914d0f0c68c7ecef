"""`rnx stats`: what a job used over its life, as a picture and in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.parameters import job_id_argument
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job
    from joblet.metrics import JobSample

WIDTH = 80
"""Where there is no terminal."""


@click.command("stats")
@click.option(
    "--output",
    "-o",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to show it (default: text).",
)
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, form: str, job_id: str) -> None:
    """Show the CPU and the memory that a job used over its life."""
    from joblet.cli.life import life_lines  # noqa: PLC0415  not for --help
    from joblet.cli.monitor.schema import samples_fields  # noqa: PLC0415
    from joblet.cli.plot import ASCII, BLOCKS  # noqa: PLC0415
    from joblet.cli.schema import as_json, job_fields  # noqa: PLC0415
    from joblet.cli.terminal import can_show, terminal_width  # noqa: PLC0415

    job, samples = call(choice, lambda client: asked(client, job_id))
    if form == "json":
        click.echo(as_json({"job": job_fields(job), "samples": samples_fields(samples)}))
        return
    glyphs = BLOCKS if can_show(f"{BLOCKS.levels}{BLOCKS.floor}{BLOCKS.limit}") else ASCII
    click.echo("\n".join(life_lines(job, samples, terminal_width() or WIDTH, glyphs)))


async def asked(client: Client, job_id: str) -> tuple[Job, Sequence[JobSample]]:
    """Return a job and the samples of its life until then."""
    samples = await client.stats(job_id)
    return await client.status(job_id), samples
