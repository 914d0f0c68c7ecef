"""What a running job uses, by the kernel's own counters, and what is kept of it over its life."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from joblet import JobRunner, JobSample, JobSpec, Limits, RunnerConfig
from joblet.linux.inotify import IN_MODIFY, Inotify
from support.host import PATIENCE
from support.running import PYTHON, wait_for_line

pytestmark = pytest.mark.isolation

MIB = 1 << 20
SPENDS = """
import sys, time
kept = bytearray(64 * 1048576)
while time.process_time() < 0.5: pass
print("x" * 1000, flush=True)
time.sleep(600)
"""
WRITES = """
import mmap, os, time
fd = os.open('/work/data', os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600)
block = mmap.mmap(-1, 1048576)
for _ in range(4): os.write(fd, block)
print("written", flush=True)
time.sleep(600)
"""


async def start(runner: JobRunner, program: str, line: bytes, **options: object) -> str:
    """Return the id of a job that runs this program and has printed this line."""
    spec = replace(JobSpec(PYTHON, ("-c", program)), **options)  # type: ignore[arg-type]  # the fields' own types
    job = await runner.start(spec)
    await wait_for_line(runner, job.id, line)
    return job.id


async def wait_samples(runner: JobRunner, config: RunnerConfig, job_id: str, count: int) -> list[JobSample]:
    """Return what is known of a running job once so many samples of it are kept."""
    folder = config.state_dir / "jobs" / job_id
    with Inotify() as inotify, inotify.watch(folder, IN_MODIFY) as watch:
        while True:
            watch.arm()
            samples = list(await runner.stats(job_id))
            if len(samples) >= count + 2:
                return samples
            await watch.wait()


async def test_a_running_job_says_what_it_uses(runner: JobRunner) -> None:
    """CPU time and peak memory so far are in its status and in the list; its ending takes them over."""
    job_id = await start(runner, SPENDS, b"x\n", limits=Limits(memory_mb=256))

    job = await runner.status(job_id)
    (listed,) = await runner.list()

    for usage in (job.usage, listed.usage):
        assert usage is not None
        assert usage.cpu_seconds is not None
        assert 0.5 <= usage.cpu_seconds < 2 * PATIENCE
        assert 64 * MIB <= (usage.peak_memory_bytes or 0) < 100 * MIB
    stopped = await runner.stop(job_id)
    assert stopped.usage is None
    assert stopped.ending is not None
    assert (stopped.ending.usage.cpu_seconds or 0) >= ((job.usage and job.usage.cpu_seconds) or 0)


async def test_what_it_writes_is_seen_while_it_runs(runner: JobRunner) -> None:
    """Direct writes of a job with an I/O limit, which every controller counts, are in its usage."""
    job_id = await start(runner, WRITES, b"written\n", limits=Limits(io_bps=100 * MIB))

    usage = (await runner.status(job_id)).usage

    assert usage is not None
    assert 4 * MIB <= (usage.written_bytes or 0) < 5 * MIB


async def test_a_life_in_samples(runner: JobRunner, config: RunnerConfig) -> None:
    """Samples come while it runs, none with less than the one before, and its end is the last."""
    job_id = await start(runner, SPENDS, b"x\n", limits=Limits(memory_mb=256))
    samples = await wait_samples(runner, config, job_id, 2)

    ended = await runner.stop(job_id)
    whole = await runner.stats(job_id)

    assert ended.ending is not None
    assert ended.ended_at is not None
    usage = ended.ending.usage
    assert (whole[0].at, whole[0].cpu_seconds, whole[0].log_bytes) == (ended.started_at, 0.0, 0)
    assert set(samples[1:-1]) <= set(whole)
    assert all(64 * MIB <= (sample.memory_bytes or 0) < 100 * MIB for sample in samples[1:])
    for earlier, later in itertools.pairwise(whole):
        assert earlier.at < later.at
        assert (earlier.cpu_seconds or 0) <= (later.cpu_seconds or 0)
        assert (earlier.log_bytes or 0) <= (later.log_bytes or 0)
    assert whole[-1] == JobSample(
        ended.ended_at,
        cpu_seconds=usage.cpu_seconds,
        read_bytes=usage.read_bytes,
        written_bytes=usage.written_bytes,
        log_bytes=1001,
    )


async def test_a_life_goes_on_with_the_next_runner(config: RunnerConfig) -> None:
    """What one runner sampled, the next one has, and adds to."""
    async with JobRunner(config) as first:
        job_id = await start(first, SPENDS, b"x\n", limits=Limits(memory_mb=256))
        before = await wait_samples(first, config, job_id, 1)
    async with JobRunner(config) as second:
        after = await wait_samples(second, config, job_id, 2)
        await second.stop(job_id)

    assert before[1] == after[1]


async def test_a_history_that_cannot_be_kept_hurts_nobody(runner: JobRunner, config: RunnerConfig) -> None:
    """Where samples cannot be written the job runs on, is measured when asked, and ends as it should."""
    job_id = await start(runner, SPENDS, b"x\n", limits=Limits(memory_mb=256))
    samples = config.state_dir / "jobs" / job_id / "samples"
    samples.unlink(missing_ok=True)
    samples.symlink_to(Path("nowhere/samples"))
    neighbour = await start(runner, SPENDS, b"x\n", limits=Limits(memory_mb=256))
    await wait_samples(runner, config, neighbour, 2)  # so both have been looked at

    usage = (await runner.status(job_id)).usage
    life = await runner.stats(job_id)
    ended = await runner.stop(job_id)

    assert usage is not None
    assert usage.cpu_seconds is not None
    assert len(life) == 2
    assert ended.ending is not None
