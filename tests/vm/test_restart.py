"""The daemon is restarted, killed, stopped and started under running jobs."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from joblet import Client, Job, JobSpec, JobStatus
from joblet.configfile.client import read_nodes
from support.units import CONFIG_FOLDER, Units, members

JOBS = 20
INTERVAL_SECONDS = 0.01
COUNTED_SECONDS = 60

COUNT = f"""
import os, time
begin = time.monotonic()
print("pid", os.getpid(), flush=True)
for number in range({COUNTED_SECONDS / INTERVAL_SECONDS:.0f}):
    time.sleep(max(0, begin + number * {INTERVAL_SECONDS} - time.monotonic()))
    print(number, flush=True)
"""


async def wait_running(client: Client, job: Job) -> Job:
    """Return the job once it is RUNNING."""
    while job.status is JobStatus.INITIALIZING:
        job = await client.status(job.id)
    return job


async def start_sleepers(client: Client) -> Sequence[Job]:
    """Start jobs that do nothing for as long as it takes."""
    started = [await client.start(JobSpec("sleep", ("6000",))) for _ in range(JOBS)]
    return [await wait_running(client, job) for job in started]


async def test_twenty_jobs_live_through_a_restart_and_a_crash(units: Units, client: Client) -> None:
    """`systemctl restart`, then SIGKILL to all of the unit: all jobs RUNNING, same pids, same shims."""
    jobs = await start_sleepers(client)
    shims, daemons = set(members("shims")), {units.main_pid()}

    for words in (("restart", "joblet"), ("kill", "--signal=KILL", "joblet")):
        await units.end_of_daemon(*words)
        assert [await client.status(job.id) for job in jobs] == jobs
        daemons.add(units.main_pid())

    assert len(daemons) == 3
    assert set(members("shims")) == shims
    assert "left-over process" not in units.journal("joblet").lower()
    stopped = [await client.stop(job.id) for job in jobs]
    assert {job.status for job in stopped} == {JobStatus.STOPPED}
    assert members("shims") == []


@pytest.mark.parametrize("words", [("restart", "--no-block", "joblet"), ("kill", "--signal=KILL", "joblet")])
async def test_the_first_call_during_a_restart_succeeds(units: Units, words: tuple[str, ...]) -> None:
    """With no daemon there, a client's very first call is not refused but waits for the next daemon."""
    node = read_nodes(Path(CONFIG_FOLDER, "rnx-config.yml"))["viewer"]
    before = units.main_pid()
    await units.end_of_daemon(*words)

    async with Client(node, timeout_seconds=60, patience_seconds=0) as client:
        await client.list()

    assert units.main_pid() != before


async def disturb(units: Units, counted: asyncio.Task[bytes], seed: int) -> int:
    """Restart, kill, and stop and start the daemon until the job is over; return how often."""
    ways: Sequence[Sequence[Sequence[str]]] = [
        [("restart", "joblet")],
        [("kill", "--signal=KILL", "joblet")],
        [("stop", "joblet"), ("start", "joblet")],
    ]
    chance = random.Random(seed)
    times = 0
    while not counted.done():
        for words in ways[times % len(ways)]:
            await units.change(*words)
        times += 1
        await asyncio.wait([counted], timeout=chance.uniform(1, 4))
    return times


@pytest.mark.timeout(240)
async def test_a_count_across_restarts_has_every_line_once(units: Units, client: Client) -> None:
    """A line every 10 ms for 60 s, followed throughout: every line once, in order, by the same process."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    job = await wait_running(client, await client.start(JobSpec("/usr/bin/python3", ("-uc", COUNT))))

    async def followed() -> bytes:
        return b"".join([chunk async for chunk in client.logs(job.id)])

    counted = asyncio.create_task(followed())
    times = await disturb(units, counted, seed)
    ended = await client.wait(job.id)

    first, *numbers = (await counted).decode().splitlines()
    assert times >= 4
    assert re.fullmatch(r"pid \d+", first)
    assert numbers == [str(number) for number in range(round(COUNTED_SECONDS / INTERVAL_SECONDS))]
    assert (ended.status, ended.pid) == (JobStatus.COMPLETED, job.pid)
    assert (await client.status(job.id)).ending == ended.ending
