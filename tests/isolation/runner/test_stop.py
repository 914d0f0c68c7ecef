"""Stopping jobs, and that nothing of a job survives its end."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, Reason, RunnerConfig
from joblet.errors import JobNotFoundError, JobNotRunningError
from support.running import output_of, run, wait_for_line

pytestmark = pytest.mark.isolation

IGNORES_SIGTERM = "trap '' TERM; echo ready; while :; do sleep 1; done"
DAEMONIZES = "setsid sh -c 'echo in the background; sleep 600' & sleep 0.2; "


def processes_with(word: str) -> list[str]:
    """Return the pids of the host's processes that have this word in their environment."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"JOBLET_TEST={word}".encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:
            continue
    return found


async def test_a_polite_job_is_stopped_by_sigterm(runner: JobRunner) -> None:
    """A job that does not care ends by SIGTERM, and says so."""
    job = await runner.start(JobSpec("sh", ("-c", "echo ready; exec sleep 600")))
    await wait_for_line(runner, job.id, b"ready\n")

    stopped = await runner.stop(job.id, by="ann")

    assert stopped.ending is not None
    assert (stopped.status, stopped.exit_code) == (JobStatus.STOPPED, -1)
    assert (stopped.ending.reason, stopped.ending.signal) == (Reason.STOPPED, 15)
    assert stopped.stopped_by == "ann"
    assert await runner.status(job.id) == stopped


async def test_a_job_may_clean_up_within_the_grace_period(config: RunnerConfig) -> None:
    """SIGTERM can be handled, its output is kept, and the grace period ends when the job does."""
    script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do :; done"
    async with JobRunner(dataclasses.replace(config, stop_grace_seconds=60)) as runner:
        job = await runner.start(JobSpec("sh", ("-c", script)))
        await wait_for_line(runner, job.id, b"ready\n")
        stopped = await runner.stop(job.id)

        assert (stopped.status, stopped.exit_code) == (JobStatus.STOPPED, 3)
        assert await output_of(runner, job.id) == b"ready\nbye\n"


async def test_sigterm_reaches_the_whole_process_group(config: RunnerConfig) -> None:
    """The signal goes to the group, as a terminal's would, not only to the command."""
    script = "sh -c 'trap \"echo child; exit\" TERM; echo ready; while :; do :; done'; echo parent"
    async with JobRunner(dataclasses.replace(config, stop_grace_seconds=60)) as runner:
        job = await runner.start(JobSpec("sh", ("-c", f"trap : TERM; {script}")))
        await wait_for_line(runner, job.id, b"ready\n")
        await runner.stop(job.id)

        assert await output_of(runner, job.id) == b"ready\nchild\nparent\n"


async def test_a_job_that_ignores_sigterm_is_killed(runner: JobRunner) -> None:
    """After the grace period nothing is asked any more."""
    job = await runner.start(JobSpec("sh", ("-c", IGNORES_SIGTERM)))
    await wait_for_line(runner, job.id, b"ready\n")

    stopped = await runner.stop(job.id)

    assert stopped.ending is not None
    assert (stopped.status, stopped.ending.signal) == (JobStatus.STOPPED, 9)


@pytest.mark.parametrize("is_stopped", [True, False], ids=["at stop", "at the end"])
async def test_nothing_of_a_job_survives_it(runner: JobRunner, is_stopped: bool) -> None:
    """Daemons, sessions of their own, ignored signals, held pipes: all gone, and the log is complete."""
    word = f"survivor-{is_stopped}"
    script = f"export JOBLET_TEST={word}; {DAEMONIZES} (trap '' TERM; sleep 600) & echo ready; "
    job = await runner.start(JobSpec("sh", ("-c", script + ("wait" if is_stopped else "exit 0"))))
    if is_stopped:
        await wait_for_line(runner, job.id, b"ready\n")
        await runner.stop(job.id)
    ended = await runner.wait(job.id)

    assert ended.status is (JobStatus.STOPPED if is_stopped else JobStatus.COMPLETED)
    assert processes_with(word) == []
    assert sorted((await output_of(runner, job.id)).splitlines()) == [b"in the background", b"ready"]


async def test_a_stop_right_after_the_start_works(runner: JobRunner) -> None:
    """A job can be stopped before its command runs."""
    jobs = [await runner.start(JobSpec("sleep", ("600",))) for _ in range(5)]

    stopped = await asyncio.gather(*(runner.stop(job.id) for job in jobs))

    assert {job.status for job in stopped} == {JobStatus.STOPPED}


async def test_two_callers_may_stop_the_same_job(runner: JobRunner) -> None:
    """Both get the same answer; the first one is named."""
    job = await runner.start(JobSpec("sh", ("-c", IGNORES_SIGTERM)))
    await wait_for_line(runner, job.id, b"ready\n")

    first, second = await asyncio.gather(runner.stop(job.id, by="ann"), runner.stop(job.id, by="bob"))

    assert first == second
    assert first.stopped_by == "ann"


async def test_an_ended_job_cannot_be_stopped(runner: JobRunner) -> None:
    """The error is in the API's words, and nothing changes."""
    job, _ = await run(runner, "true")

    with pytest.raises(JobNotRunningError) as refused:
        await runner.stop(job.id)
    assert str(refused.value) == f"job is not running: {job.id} (current status: COMPLETED)"
    assert await runner.status(job.id) == job


async def test_an_unknown_job_cannot_be_stopped(runner: JobRunner) -> None:
    """It is said to be unknown."""
    with pytest.raises(JobNotFoundError, match="job not found: 999"):
        await runner.stop("999")


async def test_a_job_that_runs_too_long_is_stopped(config: RunnerConfig) -> None:
    """The timeout stops like a caller does, and is told apart from one."""
    async with JobRunner(dataclasses.replace(config, job_timeout_seconds=0.2)) as runner:
        job, output = await run(runner, "sh", "-c", "echo working; sleep 600")

    assert job.ending is not None
    assert (job.status, job.ending.reason) == (JobStatus.STOPPED, Reason.TIMEOUT)
    assert output == b"working\n"
    assert job.stopped_by == ""
