"""The host runs out of things: new jobs are refused clearly, running ones are not harmed."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, Reason, RunnerConfig
from joblet.errors import FileAccessError, HostError, StorageError
from support.running import output_of, run, wait_for_line, wait_running

pytestmark = pytest.mark.isolation

MIB = 1 << 20


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a tmpfs while the block runs."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def remount(folder: Path, option: str) -> None:
    """Change how a filesystem is mounted."""
    subprocess.run(["mount", "-o", f"remount,{option}", folder], check=True)


@contextlib.contextmanager
def no_files_left() -> Iterator[None]:
    """Let this process open no further file while the block runs."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    fillers = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, before[1]))
    with contextlib.suppress(OSError):
        while True:
            fillers.append(os.open("/dev/null", os.O_RDONLY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for filler in fillers:
            os.close(filler)


@pytest.fixture
async def small(config: RunnerConfig) -> AsyncIterator[JobRunner]:
    """Return a runner whose state directory has 8 MiB."""
    with mounted(config.state_dir, "size=8m,mode=700"):
        async with JobRunner(config) as runner:
            yield runner


def fill(folder: Path) -> None:
    """Leave no byte on a filesystem."""
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


async def test_a_full_disk_harms_no_record(small: JobRunner, config: RunnerConfig) -> None:
    """A job that fills the disk is not blocked; what was dropped is counted; its end is known."""
    job = await small.start(JobSpec("sh", ("-c", "head -c 20000000 /dev/zero; exit 7")))
    ended = await small.wait(job.id)

    assert ended.ending is not None
    assert (ended.exit_code, ended.ending.reason) == (7, Reason.EXITED)
    assert 0 < ended.ending.log_bytes < 20_000_000
    assert ended.ending.log_bytes + ended.ending.dropped_bytes == 20_000_000
    assert len(await output_of(small, job.id)) == ended.ending.log_bytes


async def test_on_a_full_disk_a_new_job_is_refused(small: JobRunner, config: RunnerConfig) -> None:
    """The error says what is wrong, a running job ends as it should, and with room again all is well."""
    running = await small.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
    await wait_for_line(small, running.id, b"ready\n")
    await wait_running(small, running.id)
    fill(config.state_dir)

    with pytest.raises(StorageError, match=r"job storage failed: .*(full|No space left)"):
        await small.start(JobSpec("true"))
    stopped = await small.stop(running.id, by="ann")
    (config.state_dir / "filler").unlink()
    after, _ = await run(small, "true")

    assert (stopped.status, stopped.stopped_by) == (JobStatus.STOPPED, "ann")
    assert after.status is JobStatus.COMPLETED
    assert (await small.status(running.id)).status is JobStatus.STOPPED
    assert {job.status for job in await small.list()} <= {
        JobStatus.STOPPED,
        JobStatus.COMPLETED,
        JobStatus.FAILED,
    }


async def test_a_read_only_state_directory_is_refused(config: RunnerConfig) -> None:
    """Neither accepted nor half done: it says what cannot be written."""
    with mounted(config.state_dir, "size=8m,mode=700"):
        async with JobRunner(config) as runner:
            job, _ = await run(runner, "true")
        remount(config.state_dir, "ro")
        with pytest.raises(StorageError, match=r"job storage failed: .*[Rr]ead-only"):
            async with JobRunner(config):
                pass
        remount(config.state_dir, "rw")
        async with JobRunner(config) as runner:
            assert await runner.status(job.id) == job


async def test_a_disk_that_becomes_read_only_harms_no_running_job(config: RunnerConfig) -> None:
    """New jobs are refused; a running one ends with its true status, read again by the next runner."""
    with mounted(config.state_dir, "size=8m,mode=700"):
        async with JobRunner(config) as runner:
            running = await runner.start(JobSpec("sh", ("-c", "echo ready; read line; sleep 600")))
            await wait_running(runner, running.id)
            fill(config.state_dir)
            stopped = await runner.stop(running.id)
            (config.state_dir / "filler").unlink()
        async with JobRunner(config) as runner:
            again = await runner.wait(running.id)

    assert stopped.status is JobStatus.STOPPED
    assert again.ending == stopped.ending


async def test_without_free_file_descriptors_a_new_job_is_refused(runner: JobRunner) -> None:
    """EMFILE is said; the running job's end is seen all the same, and the next start works."""
    running = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 0.3; exit 5")))
    await wait_for_line(runner, running.id, b"ready\n")
    await wait_running(runner, running.id)
    with no_files_left():
        with pytest.raises(HostError, match="Too many open files"):
            await runner.start(JobSpec("true"))
        ended = await runner.wait(running.id)

    assert ended.exit_code == 5
    assert (await run(runner, "true")).job.status is JobStatus.COMPLETED


async def test_the_output_cap_drops_and_says_so(config: RunnerConfig) -> None:
    """At the cap the log says it, the status says how much is missing, and the job is not blocked."""
    async with JobRunner(dataclasses.replace(config, max_log_bytes=MIB)) as runner:
        job, output = await run(runner, "head", "-c", str(5 * MIB), "/dev/zero")

    assert job.status is JobStatus.COMPLETED
    assert output[:MIB] == bytes(MIB)
    assert output[MIB:].strip() == b"joblet: output limit of 1048576 bytes reached, the rest is discarded"
    assert job.ending is not None
    assert job.ending.dropped_bytes == 4 * MIB


async def test_two_starts_that_save_the_same_end(runner: JobRunner) -> None:
    """An end that the index could not take is saved by whichever start comes first, and harms neither."""
    ended, _ = await run(runner, "true")
    runner._live._unsaved[ended.id] = ended

    jobs = await asyncio.gather(*(runner.start(JobSpec("true")) for _ in range(4)))

    assert [(await runner.wait(job.id)).status for job in jobs] == [JobStatus.COMPLETED] * 4
    assert runner._live._unsaved == {}


async def test_files_that_fill_the_disk(small: JobRunner, config: RunnerConfig, tmp_path: Path) -> None:
    """An upload that the disk has no room for leaves none of it, and no job; what fits is taken."""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 20 * MIB)
    (tmp_path / "fits").touch()
    os.truncate(tmp_path / "fits", 5 * MIB)

    for _ in range(3):
        with pytest.raises(StorageError, match=r"^job storage failed: large: No space left on device$"):
            await small.start(JobSpec("true"), files=tmp_path / "large")
    uploads = os.listdir(config.state_dir / "uploads")
    job = await small.start(JobSpec("stat", ("-c", "%s", "fits")), files=tmp_path / "fits")
    await small.wait(job.id)

    assert uploads == []
    assert [each.id for each in await small.list()] == [job.id]
    assert await output_of(small, job.id) == b"%d\n" % (5 * MIB)


async def test_a_download_that_fills_the_disk(runner: JobRunner, tmp_path: Path) -> None:
    """The folder that it was for is as it was before."""
    job = await runner.start(JobSpec("truncate", ("-s", "20M", "large")))
    await runner.wait(job.id)
    target = tmp_path / "small"
    with mounted(target, "size=8m"):
        (target / "large").write_text("an older one")

        with pytest.raises(FileAccessError, match=r"^large: No space left on device$"):
            await runner.download(job.id, target)

        assert os.listdir(target) == ["large"]
        assert (target / "large").read_text() == "an older one"
