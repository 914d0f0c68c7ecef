"""Lost connections that a caller of `Client` never notices, and those that they must."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from joblet.client import Client
from joblet.config import Node
from joblet.errors import JobNotRunningError, ServerUnavailableError
from joblet.job import Ending, JobSpec, JobStatus, Reason
from joblet.testing.authority import Authority
from support.fakeservice import FakeService, serving
from support.proxy import Proxy, proxying

EXITED = Ending(reason=Reason.EXITED, exit_code=0)
STOPPED = Ending(reason=Reason.STOPPED, signal=15)
SPEC = JobSpec("ls")
HANDSHAKE_BYTES = 8192


@pytest.fixture
async def proxy(node: Node) -> AsyncIterator[Proxy]:
    async with proxying(node.address) as proxy:
        yield proxy


@pytest.fixture
async def client(node: Node, proxy: Proxy) -> AsyncIterator[Client]:
    """A client that has called before, through the proxy."""
    async with Client(replace(node, address=proxy.address)) as client:
        await client.list()
        yield client


class TestLostAnswer:
    """The answer is lost, the effect is kept."""

    async def lose_one(self, service: FakeService, proxy: Proxy) -> None:
        """Let the server act on the next call, and its client not hear of it."""
        service.called.clear()
        proxy.lose_answers()
        await service.called.wait()
        await proxy.lost.wait()
        proxy.cut()

    async def test_a_start_happens_once(self, client: Client, service: FakeService, proxy: Proxy) -> None:
        """A start that is asked for again gives the same id and one run."""
        losing = asyncio.create_task(self.lose_one(service, proxy))
        await asyncio.sleep(0)

        job = await client.start(SPEC)

        await losing
        assert job.id == "1"
        assert list(service.jobs) == ["1"]
        first, second = service.requests[-2:]
        assert first.key == second.key != ""

    async def test_two_starts_are_two(self, client: Client, service: FakeService) -> None:
        """Keys of the client's own making are never the same."""
        await client.start(SPEC)
        await client.start(SPEC)

        assert len({request.key for request in service.requests[-2:]}) == 2

    async def test_the_key_of_the_caller_is_kept(self, client: Client, service: FakeService) -> None:
        """Who brings a key decides themselves what is the same start."""
        await client.start(replace(SPEC, key="mine"))

        assert service.requests[-1].key == "mine"

    async def test_a_stop_that_has_happened(self, client: Client, service: FakeService, proxy: Proxy) -> None:
        """A stop that was answered unheard is a success, not "the job is not running"."""
        service.add(SPEC)
        service.refuses_stop_of_ended = True
        losing = asyncio.create_task(self.lose_one(service, proxy))
        await asyncio.sleep(0)

        job = await client.stop("1")

        await losing
        assert job.status is JobStatus.STOPPED

    async def test_a_stop_of_what_had_ended_before(self, client: Client, service: FakeService) -> None:
        """Without a lost answer, a stop of a stopped job is refused."""
        service.add(SPEC, STOPPED)
        service.refuses_stop_of_ended = True

        with pytest.raises(JobNotRunningError):
            await client.stop("1")


class TestLog:
    """A log goes on where it broke off."""

    @pytest.mark.parametrize("seed", range(8))
    async def test_each_byte_once(
        self, client: Client, service: FakeService, proxy: Proxy, seed: int
    ) -> None:
        """Wherever connections are cut, what arrives is the log, byte for byte."""
        chosen = random.Random(seed)
        chunks = [chosen.randbytes(chosen.randrange(1, 40_000)) for _ in range(30)]
        service.add(SPEC, EXITED)
        service.logs["1"] = chunks
        proxy.cut_after(chosen.randrange(1, HANDSHAKE_BYTES * 10) for _ in range(10))

        received = b"".join([chunk async for chunk in client.logs("1")])

        assert received == b"".join(chunks)
        assert proxy.connections > 2

    async def test_an_offset_is_kept(self, client: Client, service: FakeService, proxy: Proxy) -> None:
        """A reader that began in the middle goes on from there, not from the start."""
        service.add(SPEC)
        service.logs["1"] = [b"0123456789"]
        async with aclosing(client.logs("1", offset=4)) as chunks:
            assert await anext(chunks) == b"456789"
            proxy.cut()
            service.logs["1"].append(b"abc")

            assert await anext(chunks) == b"abc"

    async def test_a_silent_job_outlasts_any_patience(
        self, node: Node, service: FakeService, proxy: Proxy
    ) -> None:
        """Patience is for a server that is away: each time it is found again, it starts anew."""
        service.add(SPEC)
        patience_seconds = 0.3
        through = replace(node, address=proxy.address)
        async with Client(through, patience_seconds=patience_seconds) as client:
            waiting = asyncio.create_task(client.wait("1"))
            for _ in range(3):
                await service.log_sent.wait()
                service.log_sent.clear()
                await asyncio.sleep(patience_seconds)  # the time itself is what is tested
                proxy.cut()
            service.end("1", EXITED)
            service.job_ended.set()

            assert (await waiting).status is JobStatus.COMPLETED


class TestPatience:
    """What is tried again ends some time, and says so."""

    async def test_it_ends(self, service: FakeService, authority: Authority) -> None:
        """A server that does not come back is an error that says for how long it was looked for."""
        async with serving(service, authority.server()) as address:
            node = Node(address=address, tls=authority.client("admin"))
            client = await Client(node, patience_seconds=0.3).__aenter__()
            await client.list()
        try:
            with pytest.raises(ServerUnavailableError, match=r"Connection refused \(gave up after 0.3 s\)$"):
                await client.status("1")
        finally:
            await client.__aexit__()

    async def test_a_server_that_comes_back(self, service: FakeService, authority: Authority) -> None:
        """A call and a log that a restart interrupts go on with the next server at the same address."""
        service.add(SPEC)
        service.logs["1"] = [b"before "]
        async with serving(service, authority.server()) as address:
            node = Node(address=address, tls=authority.client("admin"))
            client = await Client(node).__aenter__()
            chunks = client.logs("1")
            assert await anext(chunks) == b"before "
        try:
            status, more = asyncio.create_task(client.status("1")), asyncio.ensure_future(anext(chunks))
            service.logs["1"].append(b"after")
            async with serving(service, authority.server(), port=int(address.rpartition(":")[2])):
                assert await more == b"after"
                assert (await status).id == "1"
                await chunks.aclose()
        finally:
            await client.__aexit__()

    async def test_a_server_that_was_never_there(self, authority: Authority) -> None:
        """A first connection that fails is said at once, however much patience there is."""
        node = Node(address="127.0.0.1:1", tls=authority.client("admin"))
        async with Client(node, patience_seconds=3600) as client:
            with pytest.raises(ServerUnavailableError, match=r"Connection refused$"):
                await client.list()
