"""A job's input on this host: given whole, by one caller at a time, across runners."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import stat
from collections.abc import AsyncIterator

import pytest

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig, Terminal
from joblet.errors import InputReplacedError
from joblet.feeding import Progress
from support.blocks import each, never
from support.running import output_of, wait_for_line

pytestmark = pytest.mark.isolation


async def test_a_large_input(runner: JobRunner) -> None:
    """Thirty megabytes in one block."""
    content = random.Random(3).randbytes(30_000_000)
    job = await runner.start(JobSpec("sha256sum", stdin=True))

    await runner.write_input(job.id, each(content))
    assert (await output_of(runner, job.id)).decode() == f"{hashlib.sha256(content).hexdigest()}  -\n"


async def test_nobody_else_can_connect(runner: JobRunner, config: RunnerConfig) -> None:
    """The socket is its owner's alone, in a folder that is, too."""
    job = await runner.start(JobSpec("cat", stdin=True))
    path = config.state_dir / "jobs" / job.id / "input"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await runner.write_input(job.id, each())
    await runner.wait(job.id)


async def test_the_newest_call_wins(runner: JobRunner) -> None:
    """The older one is told, and the job is fed by the newer from where it is."""
    job = await runner.start(JobSpec("cat", stdin=True))
    async with runner.open_input(job.id) as older:
        assert await older.progress() == Progress(0, is_closed=False)
        await older.send_content(0, b"older ")
        assert await older.progress() == Progress(6, is_closed=False)
        waiting = asyncio.create_task(older.progress())

        await runner.write_input(job.id, each(b"newer"))

        with pytest.raises(InputReplacedError, match=f"input of job {job.id} is written by somebody else"):
            await waiting
    assert await output_of(runner, job.id) == b"older newer"


async def test_the_next_runner_goes_on(config: RunnerConfig) -> None:
    """What one runner's job was given is known to the next, and so is its socket."""
    async with JobRunner(config) as runner:
        job = await runner.start(JobSpec("cat", stdin=True))
        async with runner.open_input(job.id) as job_input:
            await job_input.progress()
            await job_input.send_content(0, b"one ")
            assert (await job_input.progress()).taken == 4
    async with JobRunner(config) as runner:
        async with runner.open_input(job.id) as job_input:
            assert await job_input.progress() == Progress(4, is_closed=False)
        await runner.write_input(job.id, each(b"two"))

        assert await output_of(runner, job.id) == b"one two"


async def test_a_job_that_ends_first(runner: JobRunner) -> None:
    """Who feeds it learns that it takes no more."""
    job = await runner.start(JobSpec("sleep", ("0.2",), stdin=True))

    await runner.write_input(job.id, never())
    assert (await runner.wait(job.id)).status is JobStatus.COMPLETED


async def test_a_long_state_directory(config: RunnerConfig) -> None:
    """A path that is longer than a socket's address does no harm."""
    long = RunnerConfig(state_dir=config.state_dir / ("x" * 120))
    os.mkdir(config.state_dir)
    async with JobRunner(long) as runner:
        job = await runner.start(JobSpec("cat", stdin=True))
        await runner.write_input(job.id, each(b"far"))

        assert await output_of(runner, job.id) == b"far"


async def test_a_terminal(runner: JobRunner) -> None:
    """It has the size that was asked for, then the new one, and a name for its kind."""
    sizes: asyncio.Queue[Terminal] = asyncio.Queue()

    async def changes() -> AsyncIterator[Terminal]:
        while True:
            yield await sizes.get()

    script = "trap 'stty size' WINCH; echo $TERM; stty size; sleep 600 & while :; do wait; done"
    job = await runner.start(JobSpec("bash", ("-c", script), terminal=Terminal(30, 100)))
    feeding = asyncio.create_task(runner.write_input(job.id, never(), sizes=changes()))
    await wait_for_line(runner, job.id, b"30 100\r\n")
    sizes.put_nowait(Terminal(40, 24))
    await wait_for_line(runner, job.id, b"40 24\r\n")
    await runner.stop(job.id)
    await feeding

    assert await output_of(runner, job.id) == b"xterm\r\n30 100\r\n40 24\r\n"


async def test_no_spare_socket_is_left(runner: JobRunner) -> None:
    """Nothing stays open of a connection that has ended."""
    before = len(os.listdir("/proc/self/fd"))
    job = await runner.start(JobSpec("cat", stdin=True))
    for _ in range(5):
        async with runner.open_input(job.id) as job_input:
            await job_input.progress()
    await runner.write_input(job.id, each())
    await runner.wait(job.id)

    assert len(os.listdir("/proc/self/fd")) <= before
