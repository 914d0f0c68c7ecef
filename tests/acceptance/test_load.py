"""Many jobs, many readers: nothing lost, nothing mixed up, nothing left."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet import Client, JobSpec, JobStatus
from joblet.testing.daemon import Daemon, running_daemon
from support.leaks import read_holdings, wait_leftovers

pytestmark = pytest.mark.isolation

JOBS = 200
AT_A_TIME = 16


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Return a daemon of the test's own."""
    with running_daemon(tmp_path) as daemon:
        yield daemon


def fds_of(pid: int) -> int:
    """Return how many files a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


async def test_two_hundred_jobs(daemon: Daemon, tmp_path: Path) -> None:
    """200 jobs, 16 at a time: all complete, outputs byte-exact; then no process, cgroup, mount or fd more."""
    turn = asyncio.Semaphore(AT_A_TIME)

    async def one(client: Client, number: int) -> tuple[JobStatus, bytes]:
        async with turn:
            job = await client.start(JobSpec("sh", ("-c", f"printf '%s\\0' {number}; seq {number}")))
            output = b"".join([chunk async for chunk in client.logs(job.id)])
            return (await client.wait(job.id)).status, output

    async with Client(daemon.node()) as client:
        await one(client, 0)
        before, fds_before = read_holdings(tmp_path), fds_of(daemon.process.pid)
        results = await asyncio.gather(*(one(client, number) for number in range(JOBS)))
        fds_after = fds_of(daemon.process.pid)
        listed = await client.list()

    expected = [
        f"{number}\0".encode() + b"".join(b"%d\n" % line for line in range(1, number + 1))
        for number in range(JOBS)
    ]
    assert [output for _, output in results] == expected
    assert {status for status, _ in results} == {JobStatus.COMPLETED}
    assert [job.id for job in listed] == [str(number) for number in range(1, JOBS + 2)]
    assert wait_leftovers(before, tmp_path, 5) == {}
    assert fds_after <= fds_before


async def test_three_clients_follow_one_job(daemon: Daemon) -> None:
    """100 MB of random bytes while they are written: three clients, three sums, all the file's."""

    async def digest() -> str:
        whole = hashlib.sha256()
        async with Client(daemon.node("viewer")) as client:
            async for chunk in client.logs(job.id):
                whole.update(chunk)
        return whole.hexdigest()

    async with Client(daemon.node()) as client:
        job = await client.start(JobSpec("head", ("-c", "100000000", "/dev/urandom")))
        sums = await asyncio.gather(*(digest() for _ in range(3)))
        ended = await client.wait(job.id)

    log = daemon.folder / "state" / "jobs" / job.id / "output.log"
    assert ended.status is JobStatus.COMPLETED
    assert log.stat().st_size == 100_000_000
    assert set(sums) == {hashlib.sha256(log.read_bytes()).hexdigest()}
