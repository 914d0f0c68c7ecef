"""A runner goes and another comes: the jobs do not notice, and nothing is lost."""

import os
import signal
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, Reason, RunnerConfig
from joblet.linux.pidfd import PidFd
from joblet.runner.jobdir import JobDirectory
from support.running import output_of, run, wait_for_line, wait_running

pytestmark = pytest.mark.isolation


def shim_of(config: RunnerConfig, job_id: str) -> int:
    """Return the pid of a running job's shim."""
    pid = JobDirectory(config.state_dir / "jobs" / job_id).holder()
    assert pid
    return pid


async def test_a_job_outlives_its_runner(config: RunnerConfig) -> None:
    """The next runner takes it up where it is: same pid, whole log, and it can be stopped."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("sh", ("-c", "echo one; read line; sleep 600")))
        await wait_for_line(runner, job.id, b"one\n")
        before = await wait_running(runner, job.id)
    async with JobRunner(config) as runner:
        after = await runner.status(job.id)
        stopped = await runner.stop(job.id)

        assert after == before
        assert stopped.status is JobStatus.STOPPED
        assert await output_of(runner, job.id) == b"one\n"


async def test_an_end_that_nobody_saw_is_found(config: RunnerConfig) -> None:
    """A job that ended between two runners has its true status, code and output."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 0.2; echo done; exit 7")))
        await wait_for_line(runner, job.id, b"ready\n")
        shim = PidFd(shim_of(config, job.id))
    with shim:
        await shim.wait_ended()
        shim.reap()
    async with JobRunner(config) as runner:
        ended = await runner.wait(job.id)

        assert ended.ending is not None
        assert (ended.status, ended.exit_code, ended.ending.reason) == (JobStatus.FAILED, 7, Reason.EXITED)
        assert await output_of(runner, job.id) == b"ready\ndone\n"


async def test_a_killed_shim_is_a_lost_job(runner: JobRunner, config: RunnerConfig) -> None:
    """Its job is gone with it, and what became of it is said to be unknown, never 0."""
    job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
    await wait_for_line(runner, job.id, b"ready\n")
    command = PidFd((await wait_running(runner, job.id)).pid)

    os.kill(shim_of(config, job.id), signal.SIGKILL)
    ended = await runner.wait(job.id)

    with command:
        await command.wait_ended()
    assert ended.ending is not None
    assert (ended.status, ended.exit_code, ended.ending.reason) == (JobStatus.FAILED, -1, Reason.LOST)
    assert await output_of(runner, job.id) == b"ready\n"


async def test_a_shim_killed_while_nobody_watched_is_a_lost_job(config: RunnerConfig) -> None:
    """The next runner finds a free lock and no record, which is what `lost` means."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
        await wait_for_line(runner, job.id, b"ready\n")
        shim = PidFd(shim_of(config, job.id))
    with shim:
        shim.send_signal(signal.SIGKILL)
        await shim.wait_ended()
        shim.reap()
    async with JobRunner(config) as runner:
        ended = await runner.wait(job.id)

        assert ended.ending is not None
        assert (ended.status, ended.exit_code, ended.ending.reason) == (JobStatus.FAILED, -1, Reason.LOST)


async def test_an_unreadable_exit_record_is_a_lost_job(config: RunnerConfig) -> None:
    """Half a record is no record, and the neighbour's is not touched."""
    async with JobRunner(config) as runner:
        neighbour, _ = await run(runner, "true")
        job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 0.2")))
        await wait_for_line(runner, job.id, b"ready\n")
        shim = PidFd(shim_of(config, job.id))
    with shim:
        await shim.wait_ended()
        shim.reap()
    record: Path = config.state_dir / "jobs" / job.id / "exit"
    record.write_bytes(record.read_bytes()[:-2])
    async with JobRunner(config) as runner:
        ended = await runner.wait(job.id)

        assert ended.ending is not None
        assert ended.ending.reason is Reason.LOST
        assert await runner.status(neighbour.id) == neighbour
