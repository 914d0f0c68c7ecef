"""A runner goes and another comes: the jobs do not notice, and nothing is lost."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, Reason, RunnerConfig
from joblet.errors import InvalidRequestError, JobNotRunningError
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
        after = await wait_running(runner, job.id)
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


@pytest.mark.parametrize("reached", ["row", "directory", "lock"])
async def test_a_start_that_was_cut_off_is_a_failed_start(config: RunnerConfig, reached: str) -> None:
    """However far it came, the command has not run; it says so, and its log is empty, not missing."""
    async with JobRunner(config) as runner:
        whole = await runner.start(JobSpec("true"))
        await runner.wait(whole.id)
    forget_the_end(config, whole.id, reached)
    async with JobRunner(config) as runner:
        output = await output_of(runner, whole.id)
        ended = await runner.wait(whole.id)
        again = await output_of(runner, whole.id)

    assert ended.ending is not None
    assert (ended.status, ended.ending.reason, ended.exit_code) == (JobStatus.FAILED, Reason.START_FAILED, -1)
    assert ended.ending.detail == "joblet ended before it could start the job"
    assert output == again == b""


@pytest.mark.parametrize("reached", ["row", "directory", "lock"])
async def test_what_a_power_cut_left_of_a_start_is_lost(config: RunnerConfig, reached: str) -> None:
    """After a reboot a missing file proves nothing: the job may have run, so its end is unknown."""
    async with JobRunner(config) as runner:
        job, _ = await run(runner, "true")
    forget_the_end(config, job.id, reached)
    (config.state_dir / "boot").write_text("another boot")
    async with JobRunner(config) as runner:
        ended = await runner.wait(job.id)
        new, _ = await run(runner, "true")

    assert ended.ending is not None
    assert (ended.status, ended.ending.reason, ended.exit_code) == (JobStatus.FAILED, Reason.LOST, -1)
    assert new.status is JobStatus.COMPLETED


def forget_the_end(config: RunnerConfig, job_id: str, reached: str) -> None:
    """Make an ended job look as if its start had been cut off when it had reached this."""
    folder = config.state_dir / "jobs" / job_id
    (folder / "exit").unlink()
    if reached == "row":
        shutil.rmtree(folder)
    elif reached == "directory":
        (folder / "lock").unlink()
    else:
        (folder / "lock").write_bytes(b"")
    with contextlib.closing(sqlite3.connect(config.state_dir / "joblet.db")) as database, database:
        database.execute("UPDATE job SET status = 'INITIALIZING', ended_at = NULL, ending = NULL, pid = 0")


async def test_a_reused_pid_is_not_signalled(config: RunnerConfig) -> None:
    """A stranger that has the number of a job's dead command or shim is neither adopted nor touched."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
        await wait_for_line(runner, job.id, b"ready\n")
        shim = PidFd(shim_of(config, job.id))
    with shim:
        shim.send_signal(signal.SIGKILL)
        await shim.wait_ended()
        shim.reap()
    with subprocess.Popen(["sleep", "600"]) as stranger:  # noqa: ASYNC220  only its pid matters
        (config.state_dir / "jobs" / job.id / "lock").write_text(f"running {stranger.pid}\n")
        async with JobRunner(config) as runner:
            ended = await runner.wait(job.id)
            with pytest.raises(JobNotRunningError):
                await runner.stop(job.id)
        still_runs = stranger.poll() is None
        stranger.kill()

    assert ended.ending is not None
    assert ended.ending.reason is Reason.LOST
    assert still_runs


@pytest.mark.parametrize("size", [0, 1, 20, 60, -1])
async def test_a_cut_exit_record_is_a_lost_job(config: RunnerConfig, size: int) -> None:
    """Half a record is no record (every byte: unit/test_record.py), and the neighbour's is not touched."""
    async with JobRunner(config) as runner:
        neighbour, _ = await run(runner, "true")
        job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 0.2")))
        await wait_for_line(runner, job.id, b"ready\n")
        shim = PidFd(shim_of(config, job.id))
    with shim:
        await shim.wait_ended()
        shim.reap()
    record: Path = config.state_dir / "jobs" / job.id / "exit"
    record.write_bytes(record.read_bytes()[:size])
    async with JobRunner(config) as runner:
        ended = await runner.wait(job.id)

        assert ended.ending is not None
        assert ended.ending.reason is Reason.LOST
        assert await runner.status(neighbour.id) == neighbour


async def test_who_stopped_a_job_is_known_to_the_next_runner(config: RunnerConfig) -> None:
    """A stop that the daemon does not live to see is finished by the shim, and keeps its name."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("sh", ("-c", "trap '' TERM; echo ready; while :; do sleep 1; done")))
        await wait_for_line(runner, job.id, b"ready\n")
        shim = PidFd(shim_of(config, job.id))
        stopping = asyncio.ensure_future(runner.stop(job.id, by="ann"))
        while not (config.state_dir / "jobs" / job.id / "stopped-by").exists():  # noqa: ASYNC110  no event says it
            await asyncio.sleep(0)
    stopping.cancel()
    async with JobRunner(config) as runner:
        ended = await runner.wait(job.id)
    with shim:
        await shim.wait_ended()
        shim.reap()  # our child: it may have ended before there was a runner to do it

    assert (ended.status, ended.stopped_by) == (JobStatus.STOPPED, "ann")


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "emptied"])
async def test_the_index_is_rebuilt_from_the_directories(config: RunnerConfig, damage: str) -> None:
    """Ended jobs, a running one and the next id are all found again, wherever the database was cut."""
    async with JobRunner(config) as runner:
        ended = [(await run(runner, "sh", "-c", f"exit {code}")).job for code in (0, 3)]
        running = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")), owner="ann")
        await wait_for_line(runner, running.id, b"ready\n")
    database = config.state_dir / "joblet.db"
    whole = database.read_bytes()
    if damage == "missing":
        database.unlink()
    else:
        cut = random.randrange(len(whole))
        print(f"cut at byte {cut} of {len(whole)}")  # shown when it fails
        database.write_bytes(
            {"garbage": b"\xff" * len(whole), "truncated": whole[:cut], "emptied": b""}[damage]
        )
    async with JobRunner(config) as runner:
        found = [await runner.wait(job.id) for job in ended]
        again = await wait_running(runner, running.id)
        new, _ = await run(runner, "true")
        stopped = await runner.stop(running.id)

    assert [(job.status, job.ending, job.spec) for job in found] == [
        (job.status, job.ending, job.spec) for job in ended
    ]
    assert (again.spec, again.owner, again.started_at) == (running.spec, "ann", running.started_at)
    assert new.id == "4"
    assert stopped.status is JobStatus.STOPPED


@pytest.mark.parametrize("is_ended", [True, False])
async def test_a_key_starts_a_job_once(runner: JobRunner, is_ended: bool) -> None:
    """A retry finds the job of the first try, running or ended; another owner's key is another key."""
    spec = JobSpec("sleep", ("0" if is_ended else "600",), key="k1")
    first = await runner.start(spec, owner="ann")
    if is_ended:
        await runner.wait(first.id)

    again = await runner.start(spec, owner="ann")
    of_another = await runner.start(spec, owner="bob")

    assert again.id == first.id
    assert of_another.id != first.id
    with pytest.raises(InvalidRequestError, match="key 'k1' was used before, for a different job: 1"):
        await runner.start(JobSpec("true", key="k1"), owner="ann")
    if is_ended:
        await runner.wait(of_another.id)
