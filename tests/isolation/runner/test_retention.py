"""Ended jobs go when they should, completely, and nothing else does."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator

import pytest

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig
from joblet.config import RetentionConfig
from joblet.errors import JobNotFoundError, JobRunningError
from support.folders import IN_DELETE, once_in
from support.host import PATIENCE
from support.running import run, wait_for_line

pytestmark = pytest.mark.isolation


class Warnings(logging.Handler):
    """Keeps what the runner warns of, and tells of the first."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.came.set()


@pytest.fixture
async def warnings() -> AsyncIterator[Warnings]:
    """Return the runner's warnings."""
    warnings = Warnings()
    logging.getLogger("joblet").addHandler(warnings)
    yield warnings
    logging.getLogger("joblet").removeHandler(warnings)


def keeping(config: RunnerConfig, retention: RetentionConfig) -> RunnerConfig:
    """Return a configuration with this retention."""
    return dataclasses.replace(config, retention=retention)


async def ids_once(runner: JobRunner, config: RunnerConfig, count: int) -> list[str]:
    """Return the ids of the jobs, once so many are left; a job's folder goes after its row."""

    async def ids() -> list[str]:
        return [job.id for job in await runner.list()]

    return await once_in(config.state_dir / "jobs", IN_DELETE, ids, until=lambda found: len(found) == count)


async def test_a_removed_job_is_gone_with_its_files(runner: JobRunner, config: RunnerConfig) -> None:
    """Row, log and work folder go; the neighbour stays; the id is not given again."""
    gone, _ = await run(runner, "sh", "-c", "mkdir -p a/b; echo x > a/b/c; ln -s / a/root")
    stays, _ = await run(runner, "true")

    await runner.remove([gone.id])

    with pytest.raises(JobNotFoundError):
        await runner.status(gone.id)
    assert [path.name for path in (config.state_dir / "jobs").iterdir()] == [stays.id]
    assert (await run(runner, "true")).job.id == "3"


async def test_a_running_job_is_not_removed_nor_its_companions(runner: JobRunner) -> None:
    """All or none: an error for one of them removes nothing."""
    ended, _ = await run(runner, "true")
    running = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
    await wait_for_line(runner, running.id, b"ready\n")

    with pytest.raises(JobRunningError, match=f"job has not ended: {running.id}"):
        await runner.remove([ended.id, running.id])
    with pytest.raises(JobNotFoundError):
        await runner.remove([ended.id, "999"])

    assert (await runner.status(ended.id)).status is JobStatus.COMPLETED
    await runner.stop(running.id)


async def test_only_so_many_are_kept(config: RunnerConfig) -> None:
    """The newest stay; a running job is never counted, let alone removed."""
    async with JobRunner(keeping(config, RetentionConfig(max_jobs=2))) as runner:
        running = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
        for _ in range(4):
            await run(runner, "true")

        assert await ids_once(runner, config, 3) == [running.id, "4", "5"]
        await runner.stop(running.id)


async def test_only_so_much_is_kept(config: RunnerConfig) -> None:
    """Logs and work folders count, by what they take on the disk."""
    async with JobRunner(keeping(config, RetentionConfig(max_bytes=3 << 20))) as runner:
        for _ in range(2):
            await run(runner, "head", "-c", str(1 << 20), "/dev/urandom")
        await run(runner, "sh", "-c", "head -c 1048576 /dev/urandom > file")

        assert await ids_once(runner, config, 2) == ["2", "3"]


async def test_what_is_too_old_goes_by_itself(config: RunnerConfig) -> None:
    """No further event is needed: the runner wakes when the oldest job expires."""
    async with JobRunner(keeping(config, RetentionConfig(max_age_seconds=0.2))) as runner:
        await run(runner, "true")

        assert await ids_once(runner, config, 0) == []


async def test_a_removal_that_was_cut_off_is_finished(config: RunnerConfig) -> None:
    """A directory that was renamed, and no more, is gone after the next start."""
    async with JobRunner(config) as runner:
        job, _ = await run(runner, "true")
    folder = config.state_dir / "jobs" / job.id
    folder.rename(folder.with_name(f"{job.id}.removed"))
    async with JobRunner(config) as runner:
        assert await ids_once(runner, config, 0) == []
        assert (await run(runner, "true")).job.id == "2"


async def test_what_cannot_be_removed_waits_for_the_next_end(
    config: RunnerConfig, warnings: Warnings
) -> None:
    """The disk does not let an expired job go: that is said once a try, and costs nothing in between."""
    async with JobRunner(keeping(config, RetentionConfig(max_age_seconds=0.1))) as runner:
        job = await runner.start(JobSpec("true"))
        (config.state_dir / "jobs" / f"{job.id}.removed" / "in the way").mkdir(parents=True)
        async with asyncio.timeout(10 * PATIENCE):
            await warnings.came.wait()
        tries_before = len(warnings.lines)
        await run(runner, "sleep", "0.3")

    assert tries_before == 1
    assert all("cannot remove expired jobs" in line for line in warnings.lines)
    assert len(warnings.lines) <= 2
