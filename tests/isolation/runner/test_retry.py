"""What makes retries of a client harmless, and its stop forceful."""

from dataclasses import replace

import pytest

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig
from joblet.errors import InvalidRequestError, TooManyJobsError
from support.running import output_of, run, wait_for_line

pytestmark = pytest.mark.isolation


async def test_a_retry_needs_no_place(config: RunnerConfig) -> None:
    """A start that took the last place finds its job again; another start is refused."""
    sleeper = JobSpec("sleep", ("600",), key="once")
    async with JobRunner(replace(config, max_concurrent_jobs=1)) as runner:
        job = await runner.start(sleeper, owner="ann")

        again = await runner.start(sleeper, owner="ann")

        assert again.id == job.id
        with pytest.raises(TooManyJobsError):
            await runner.start(sleeper, owner="bob")
        await runner.stop(job.id)


async def test_a_stop_by_force_leaves_no_grace(config: RunnerConfig) -> None:
    """It does not wait for the grace period, not even for one that has begun."""
    script = "trap '' TERM; echo ready; while :; do sleep 600; done"
    async with JobRunner(replace(config, stop_grace_seconds=3600)) as runner:
        job = await runner.start(JobSpec("sh", ("-c", script)))
        await wait_for_line(runner, job.id, b"ready\n")

        stopped = await runner.stop(job.id, by="ann", force=True)

        assert stopped.ending is not None
        assert (stopped.status, stopped.ending.signal) == (JobStatus.STOPPED, 9)


async def test_the_last_lines(runner: JobRunner) -> None:
    """The output so far is followed from where its last lines begin."""
    ran = await run(runner, "seq", "100000")

    offset = await runner.tail_offset(ran.job.id, 2)

    assert await output_of(runner, ran.job.id, offset) == b"99999\n100000\n"
    assert await runner.tail_offset(ran.job.id, 0) == len(ran.output)
    assert await runner.tail_offset(ran.job.id, 10**9) == 0
    with pytest.raises(InvalidRequestError, match=r"must not be negative \(got -1\)$"):
        await runner.tail_offset(ran.job.id, -1)
