"""A client that stops reading costs the server nothing, delays nobody, and is cut in the end."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
from grpclib.client import Stream
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from joblet import Client, JobSpec
from joblet.linux.inotify import IN_MODIFY, Inotify
from joblet.testing.daemon import Daemon, log_path, running_daemon
from joblet.wire.channel import ServerChannel
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.tls import client_context
from support.running import PYTHON

pytestmark = pytest.mark.isolation

MIB = 1 << 20
LOG_BYTES = 200 * MIB
SLOW_CLIENTS = 20


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Return a daemon that is patient with a slow client for a second."""
    with running_daemon(tmp_path, settings={"grpc": {"slowClientTimeout": "1s"}}) as daemon:
        yield daemon


def resident_bytes(pid: int) -> int:
    """Return the memory of a process that is its own."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kib) * 1024 for kib in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


async def test_slow_clients_are_cut_and_cost_nothing(daemon: Daemon) -> None:
    """Twenty that read nothing: the server's memory stays, and another one reads on."""
    async with Client(daemon.node()) as client, AsyncExitStack() as resources:
        job = await client.start(JobSpec("head", ("-c", str(LOG_BYTES), "/dev/zero")))
        await client.wait(job.id)
        before = resident_bytes(daemon.process.pid)
        for _ in range(SLOW_CLIENTS):
            slow = await resources.enter_async_context(Client(daemon.node("viewer")))
            chunks = await resources.enter_async_context(aclosing(slow.logs(job.id)))
            await anext(chunks)

        read = 0
        async for chunk in client.logs(job.id):
            read += len(chunk)
        grown = resident_bytes(daemon.process.pid) - before
        await wait_until_cut(daemon, SLOW_CLIENTS)

    assert read == LOG_BYTES
    assert grown < SLOW_CLIENTS * 2 * MIB


async def test_the_cut_has_a_clear_status(daemon: Daemon) -> None:
    """Whoever is cut reads why, after what had been sent before."""
    async with Client(daemon.node()) as client:
        job = await client.start(JobSpec("head", ("-c", str(LOG_BYTES), "/dev/zero")))
        await client.wait(job.id)
    channel = ServerChannel(daemon.address, client_context(daemon.authority.client("viewer")))
    try:
        with pytest.raises(GRPCError) as cut:
            await read_late(JobletServiceStub(channel).GetJobLogs.open(), job.id, daemon)
    finally:
        await channel.aclose()  # waits for the socket, which has much unread in it

    assert cut.value.status is Status.UNAVAILABLE
    assert cut.value.message == "client too slow: nothing was read for 1 s; resume where it ended"


async def test_a_reader_that_pauses_resumes_where_it_was(daemon: Daemon) -> None:
    """Our own client comes back by itself: each byte once, although it was cut while it paused."""
    count = "import sys\nfor i in range(3000000): sys.stdout.write(f'{i:08d}\\n')"
    async with Client(daemon.node()) as client:
        job = await client.start(JobSpec(PYTHON, ("-c", count)))
        await client.wait(job.id)
        whole = hashlib.sha256()
        async for chunk in client.logs(job.id):
            if not cuts(daemon):
                await wait_until_cut(daemon)
            whole.update(chunk)

    log = daemon.folder / "state" / "jobs" / job.id / "output.log"
    assert whole.hexdigest() == hashlib.sha256(log.read_bytes()).hexdigest()


async def read_late(call: Stream[pb.GetJobLogsReq, pb.DataChunk], job_id: str, daemon: Daemon) -> None:
    """Ask for a log, read it only once the server has cut the call, and then its status."""
    async with call as stream:
        await stream.send_message(pb.GetJobLogsReq(id=job_id), end=True)
        await stream.recv_initial_metadata()
        await wait_until_cut(daemon)
        with contextlib.suppress(AssertionError):  # grpclib's word for a message that was cut
            while await stream.recv_message() is not None:
                pass
        await stream.recv_trailing_metadata()


def cuts(daemon: Daemon) -> int:
    """Return how many clients the daemon has cut."""
    return daemon.log().count("client too slow")


async def wait_until_cut(daemon: Daemon, count: int = 1) -> None:
    """Return once the daemon's log says that it has cut so many clients."""
    with Inotify() as inotify, inotify.watch(log_path(daemon.folder), IN_MODIFY) as logged:
        while True:
            logged.arm()
            if cuts(daemon) >= count:
                return
            await logged.wait()
