"""Waiting for a job's command to execute: by an event, whatever comes of it."""

import asyncio

import pytest

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig
from joblet.errors import JobNotFoundError

pytestmark = pytest.mark.isolation


async def test_a_command_that_executes(runner: JobRunner) -> None:
    """The job is RUNNING and has its pid."""
    job = await runner.start(JobSpec("sleep", ("600",)))

    started = await runner.wait_started(job.id)

    assert started.status is JobStatus.RUNNING
    assert started.pid > 0


async def test_a_command_that_has_ended_before_anybody_looked(runner: JobRunner) -> None:
    """However short a command lives, it has executed: it has a pid."""
    jobs = [await runner.start(JobSpec("true")) for _ in range(20)]

    started = await asyncio.gather(*(runner.wait_started(job.id) for job in jobs))
    ended = [await runner.wait(job.id) for job in jobs]
    late = [await runner.wait_started(job.id) for job in jobs]

    assert all(job.pid > 0 for job in started)
    assert late == ended


async def test_a_command_that_cannot_execute(runner: JobRunner) -> None:
    """The wait is over with the job's end; there never was a pid."""
    job = await runner.start(JobSpec("no-such-command"))

    started = await runner.wait_started(job.id)

    assert (started.status, started.pid) == (JobStatus.FAILED, 0)


async def test_a_job_of_an_earlier_runner(config: RunnerConfig) -> None:
    """A job that was taken up again is past its start."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("sleep", ("600",)))
        before = await runner.wait_started(job.id)
    async with JobRunner(config) as runner:
        after = await runner.wait_started(job.id)
        await runner.stop(job.id)

    assert after == before


async def test_no_such_job(runner: JobRunner) -> None:
    """An unknown id is said to be."""
    with pytest.raises(JobNotFoundError):
        await runner.wait_started("999")
