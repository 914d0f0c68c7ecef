"""Limits, each hit by a real job on the controllers that this host has."""

import dataclasses

import pytest

from joblet import JobRunner, JobSpec, JobStatus, Limits, Reason, RunnerConfig
from support.running import python, run, wait_for_line, wait_running

pytestmark = pytest.mark.isolation

TRIES = 10

HOG = "data = bytearray()\nwhile True: data += b'x' * 1048576"
BURNS_CPU = """
import time
begin, used = time.monotonic(), time.process_time()
while time.monotonic() - begin < 3: pass
print((time.process_time() - used) / (time.monotonic() - begin))
"""
WRITES_DIRECTLY = """
import mmap, os, time
fd = os.open('/work/data', os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600)
block = mmap.mmap(-1, 262144)
begin = time.monotonic()
for _ in range(16): os.write(fd, block)
print(16 * 262144 / (time.monotonic() - begin))
"""
FORKS_WITHOUT_END = """
import os, time
count = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(600)
        count += 1
except OSError as error:
    print(count, error.errno, flush=True)
"""


async def test_a_memory_hog_is_killed_and_its_neighbour_lives(runner: JobRunner) -> None:
    """The kernel kills the one that exceeds its limit; the reason is oom, the peak is near the limit."""
    neighbour = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 600")))
    await wait_for_line(runner, neighbour.id, b"ready\n")
    await wait_running(runner, neighbour.id)

    job, _ = await python(runner, HOG, limits=Limits(memory_mb=64))

    assert job.ending is not None
    assert (job.status, job.ending.reason, job.ending.signal) == (JobStatus.FAILED, Reason.OOM, 9)
    assert job.ending.usage.peak_memory_bytes is not None
    assert 48 << 20 <= job.ending.usage.peak_memory_bytes <= 65 << 20
    assert (await runner.status(neighbour.id)).status is JobStatus.RUNNING
    await runner.stop(neighbour.id)


async def test_a_hog_in_a_child_is_still_oom(runner: JobRunner) -> None:
    """A job that fails because its child was killed for memory says so, whatever code it returns."""
    job, _ = await run(runner, "sh", "-c", f'/usr/bin/python3 -c "{HOG}"', limits=Limits(memory_mb=64))

    assert job.ending is not None
    assert (job.status, job.ending.reason) == (JobStatus.FAILED, Reason.OOM)


async def test_tmp_is_charged_to_the_job(runner: JobRunner) -> None:
    """Files in /tmp and /dev/shm are memory: they cannot exceed the job's limit."""
    script = "head -c 200000000 /dev/zero > /tmp/a; head -c 200000000 /dev/zero > /dev/shm/b; echo survived"

    job, output = await run(runner, "sh", "-c", script, limits=Limits(memory_mb=64))

    assert b"survived" not in output or b"No space left on device" in output
    assert job.ending is not None
    assert (job.ending.usage.peak_memory_bytes or 0) <= 65 << 20


async def test_a_fork_bomb_stays_under_its_limit(config: RunnerConfig) -> None:
    """Fork fails with EAGAIN at the limit; init counts as one of the processes."""
    async with JobRunner(dataclasses.replace(config, max_processes=20)) as runner:
        job, output = await python(runner, FORKS_WITHOUT_END)

    assert output == b"18 11\n"
    assert job.status is JobStatus.COMPLETED


async def test_a_cpu_limit_is_held(runner: JobRunner) -> None:
    """20 % of one core measures 20 % within 3, by the job's own clock and by the kernel's counter.

    Never more; less only while the host itself has no processor to spare, hence the tries.
    """
    for _ in range(TRIES):
        job, output = await python(runner, BURNS_CPU, limits=Limits(cpu_percent=20))
        assert float(output) <= 0.23
        assert job.ending is not None
        assert (job.ending.usage.cpu_seconds or 0) <= 1.2
        if float(output) >= 0.17:
            return
    pytest.fail(f"the job never got its 20 %: the last time {float(output):.0%}")


async def test_an_io_limit_is_held(runner: JobRunner) -> None:
    """4 MiB written directly at 2 MiB/s never go faster; the kernel counted every byte."""
    job, output = await python(runner, WRITES_DIRECTLY, limits=Limits(io_bps=2 << 20))

    assert job.status is JobStatus.COMPLETED, output
    assert float(output) <= (2 << 20) * 1.15
    assert job.ending is not None
    assert (job.ending.usage.written_bytes or 0) >= 4 << 20
