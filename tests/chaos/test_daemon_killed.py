"""The daemon is killed a hundred times while jobs start, run, write, stop and end: nothing is lost.

Every run prints its seed; `JOBLET_CHAOS_SEED=N` repeats its choices (not the
scheduler's).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from joblet import Client, Job, JobSpec, JobStatus, Limits, Reason
from support.restarting import restarting_daemon
from support.running import PYTHON

pytestmark = [pytest.mark.isolation, pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("JOBLET_CHAOS_KILLS", "100"))
JOBS = 20
CLIENTS = 3
SEED = int(os.environ.get("JOBLET_CHAOS_SEED", str(random.randrange(2**32))))
LIFE_SECONDS = 0.25
"""How long the daemon lives at most, once it takes calls."""

CUT_OFF = "joblet ended before it could start the job"

LINES = "import sys, time\nfor i in range(600): print(i, flush=True); time.sleep(0.004)\nsys.exit(%d)"
BYTES = (
    "import random, sys, time\nnumbers = random.Random(%d)\n"
    "for _ in range(40): sys.stdout.buffer.write(numbers.randbytes(65536)); time.sleep(0.03)"
)
HOG = "print('hog', flush=True)\nx = []\nwhile True: x.append(bytes(1 << 20))"
STUBBORN = "trap '' TERM; echo here; while :; do sleep 1; done"


@dataclass(frozen=True)
class Planned:
    """A job, and what must become of it."""

    spec: JobSpec
    status: JobStatus
    reason: Reason
    exit_code: int
    output: bytes
    is_stopped: bool = False


def lines(numbers: random.Random) -> Planned:
    """Print numbered lines for a while."""
    code = numbers.choice([0, 0, 42])
    output = b"".join(b"%d\n" % number for number in range(600))
    status = JobStatus.FAILED if code else JobStatus.COMPLETED
    return Planned(JobSpec(PYTHON, ("-c", LINES % code)), status, Reason.EXITED, code, output)


def noise(numbers: random.Random) -> Planned:
    """Write 2.5 MB that only the seed knows."""
    seed = numbers.randrange(2**32)
    output = b"".join(map(random.Random(seed).randbytes, [65536] * 40))
    return Planned(JobSpec(PYTHON, ("-c", BYTES % seed)), JobStatus.COMPLETED, Reason.EXITED, 0, output)


def quick(_: random.Random) -> Planned:
    """End at once."""
    return Planned(JobSpec("printf", ("quick",)), JobStatus.COMPLETED, Reason.EXITED, 0, b"quick")


def missing(_: random.Random) -> Planned:
    """Name a command that is not there."""
    notice = b"joblet: cannot run missing: No such file or directory\n"
    return Planned(JobSpec("missing"), JobStatus.FAILED, Reason.START_FAILED, 127, notice)


def crash(_: random.Random) -> Planned:
    """Die by a signal of its own."""
    return Planned(JobSpec("sh", ("-c", "kill -SEGV $$")), JobStatus.FAILED, Reason.SIGNAL, -1, b"")


def hog(_: random.Random) -> Planned:
    """Exceed its memory."""
    spec = JobSpec(PYTHON, ("-c", HOG), Limits(memory_mb=32))
    return Planned(spec, JobStatus.FAILED, Reason.OOM, -1, b"hog\n")


def late(_: random.Random) -> Planned:
    """Run longer than it may."""
    spec = JobSpec("sh", ("-c", "echo late; exec sleep 600"), timeout_seconds=1.5)
    return Planned(spec, JobStatus.STOPPED, Reason.TIMEOUT, -1, b"late\n")


def stubborn(_: random.Random) -> Planned:
    """Ignore SIGTERM until it is killed."""
    spec = JobSpec("sh", ("-c", STUBBORN))
    return Planned(spec, JobStatus.STOPPED, Reason.STOPPED, -1, b"here\n", is_stopped=True)


KINDS: list[Callable[[random.Random], Planned]] = [lines, noise, quick, missing, crash, hog, late, stubborn]


async def live(client: Client, planned: Planned, delay: float, patience: float) -> tuple[Job, list[bytes]]:
    """Start a job after a delay, follow it with three clients, stop it if that is its fate, see its end."""
    await asyncio.sleep(delay)
    job = await client.start(planned.spec)
    followers = [asyncio.ensure_future(copy(client, job.id)) for _ in range(CLIENTS - 1)]
    mine = asyncio.ensure_future(copy(client, job.id))
    if planned.is_stopped:
        while not (await client.status(job.id)).status.is_terminal:
            await asyncio.sleep(patience)
            if b"".join([chunk async for chunk in client.logs(job.id, follow=False)]) == b"here\n":
                await client.stop(job.id)
    return await client.wait(job.id), [await mine, *[await follower for follower in followers]]


async def copy(client: Client, job_id: str) -> bytes:
    """Follow a log from its first byte to its last."""
    return b"".join([chunk async for chunk in client.logs(job_id)])


async def test_a_hundred_kills_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every status, code and reason is true; every log and every copy is byte-exact; no job ran twice."""
    with capsys.disabled():
        print(f"\nchaos seed {SEED}, {KILLS} kills")
    numbers = random.Random(SEED)
    plans = [KINDS[number % len(KINDS)](numbers) for number in range(JOBS)]
    numbers.shuffle(plans)
    spread = KILLS * 0.5  # about how long the kills take; the jobs begin throughout
    with restarting_daemon(tmp_path) as daemon:
        async with Client(daemon.node()) as client:
            await client.list()
            lives = [
                asyncio.ensure_future(live(client, plan, numbers.uniform(0, spread), numbers.uniform(0.1, 2)))
                for plan in plans
            ]
            for _ in range(KILLS):
                await asyncio.sleep(numbers.uniform(0, LIFE_SECONDS))
                await daemon.kill_and_start()
            results = await asyncio.gather(*lives)
            listed = await client.list()
    for plan, (job, copies) in zip(plans, results, strict=True):
        assert job.ending is not None
        if job.ending.detail == CUT_OFF:  # accepted, and never started: true, and the client is told
            assert (job.status, job.exit_code, copies) == (JobStatus.FAILED, -1, [b""] * CLIENTS)
            continue
        seen = (job.status, job.ending.reason, job.exit_code)
        assert seen == (plan.status, plan.reason, plan.exit_code), (job, daemon.folder)
        log = (tmp_path / "state" / "jobs" / job.id / "output.log").read_bytes()
        assert log == plan.output
        assert copies == [plan.output] * CLIENTS

    assert sorted(job.id for job in listed) == sorted(job.id for job, _ in results)
