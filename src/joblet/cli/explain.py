"""`rnx explain`: why a job ended as it did, in plain words, and what could be tried."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.ends import hint, why
from joblet.cli.forms import output_option, show_fields
from joblet.cli.parameters import job_id_argument
from joblet.cli.render import command_line, printable, used
from joblet.cli.schema import job_fields
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job

LAST_LINES = 10
MOST_BYTES = 16 * 1024


@click.command("explain")
@output_option
@job_id_argument
@click.pass_obj
def command(choice: Choice, *, form: str, job_id: str) -> None:
    """Explain why a job ended, what it used, and what to try."""
    job, lines = call(choice, lambda client: told(client, job_id))
    fields = {"why": why(job), "hint": hint(job), "lastLines": lines, "job": job_fields(job)}
    columns = {"ID": [job.id], "STATUS": [job.status.value], "WHY": [why(job)]}
    show_fields(fields, form, "\n".join(explanation(job, lines)), columns)


async def told(client: Client, job_id: str) -> tuple[Job, list[str]]:
    """Return a job and its last lines."""
    job = await client.status(job_id)
    if job.ending:
        log = client.logs(job_id, offset=max(0, job.ending.log_bytes - MOST_BYTES), follow=False)
    else:
        log = client.logs(job_id, follow=False, tail_lines=LAST_LINES)
    output = b""
    async with aclosing(log) as chunks:
        async for chunk in chunks:
            output = (output + chunk)[-MOST_BYTES:]
    return job, output.decode(errors="replace").splitlines()[-LAST_LINES:]


def explanation(job: Job, lines: Sequence[str]) -> list[str]:
    """Return the lines of the text."""
    tip = hint(job)
    return [
        f"Job {job.id}: {command_line(job)}",
        f"{job.status}: {why(job)}",
        *usage_lines(job),
        *(f"Output beyond the limit was dropped: {n} bytes." for n in [dropped_bytes(job)] if n),
        *(
            ["Last lines:", *(f"  | {printable(line)}" for line in lines)]
            if lines
            else ["It printed nothing."]
        ),
        *([f"Hint: {tip}."] if tip else []),
    ]


def usage_lines(job: Job) -> list[str]:
    """Return what a job used, and what it was allowed; nothing where it was not measured."""
    usage, limits = used(job), job.spec.limits
    if usage is None:
        return []
    lines = []
    if usage.peak_memory_bytes is not None:
        lines.append(f"Memory: at most {usage.peak_memory_bytes / 2**20:.1f} MB of {limits.memory_mb} MB.")
    if usage.cpu_seconds is not None:
        lines.append(f"CPU: {usage.cpu_seconds:.2f} s, at up to {limits.cpu_percent}% of a core.")
    if usage.read_bytes is not None and usage.written_bytes is not None:
        most = f", at up to {limits.io_bps} bytes/s" if limits.io_bps else ""
        lines.append(f"Disk: {usage.read_bytes} bytes read, {usage.written_bytes} written{most}.")
    return lines


def dropped_bytes(job: Job) -> int:
    """Return how much output is not in the log."""
    return job.ending.dropped_bytes if job.ending else 0
