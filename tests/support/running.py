"""Runs a job to its end and gives what it left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

from joblet import Job, JobRunner, JobSpec, Limits

PYTHON = "/usr/bin/python3"  # one that a job can see, unlike a virtual environment's


class Ran(NamedTuple):
    """A job at its end, and its whole output."""

    job: Job
    output: bytes


async def run(runner: JobRunner, command: str, *args: str, limits: Limits | None = None) -> Ran:
    """Start a job, wait for its end, read its log."""
    job = await runner.start(JobSpec(command, args, limits or Limits()))
    ended = await runner.wait(job.id)
    return Ran(ended, await output_of(runner, job.id))


async def python(runner: JobRunner, program: str, *args: str, limits: Limits | None = None) -> Ran:
    """Run a Python program as a job."""
    return await run(runner, PYTHON, "-c", program, *args, limits=limits)


async def output_of(runner: JobRunner, job_id: str, offset: int = 0) -> bytes:
    """Follow a job's log from an offset to its end."""
    return b"".join([chunk async for chunk in runner.logs(job_id, offset=offset)])


async def wait_for_line(runner: JobRunner, job_id: str, line: bytes) -> None:
    """Return once the job has printed this."""
    seen = b""
    async with aclosing(runner.logs(job_id)) as chunks:
        async for chunk in chunks:
            seen += chunk
            if line in seen:
                return
    raise AssertionError(f"the job ended without {line!r}; it printed {seen!r}")


async def wait_running(runner: JobRunner, job_id: str) -> Job:
    """Return the job once it is RUNNING; its first output may be seen earlier."""
    return await runner.wait_started(job_id)


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole lines of a log."""
    pending = b""
    async for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield line
