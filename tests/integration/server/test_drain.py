"""A server that stops lets calls end, and tells those that cannot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from grpclib.const import Status
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from joblet.testing.authority import Authority
from joblet.wire.generated import joblet_pb2 as pb
from support.edge import call_failure, connected, running_edge
from support.parrot import Parrot, ask

WAIT = pb.GetJobLogsReq()


class Server:
    """One that is asked to stop while something is still going on."""

    def __init__(self, authority: Authority, parrot: Parrot, drain_timeout_seconds: float) -> None:
        self._served = running_edge(authority, [parrot], drain_timeout_seconds=drain_timeout_seconds)

    async def start(self) -> int:
        """Serve; return the port."""
        return await self._served.__aenter__()

    def stop(self) -> asyncio.Task[bool | None]:
        """Begin to drain; the task ends when the server has."""
        return asyncio.create_task(self._served.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def watched_health(stub: HealthStub) -> AsyncIterator[asyncio.Task[None]]:
    """Yield a task that ends when the server says that it no longer serves."""

    async def wait_not_serving() -> None:
        async with stub.Watch.open() as stream:
            await stream.send_message(HealthCheckRequest(), end=True)
            async for answer in stream:
                if answer.status == HealthCheckResponse.NOT_SERVING:
                    await stream.cancel()
                    return
                serving.set()

    serving = asyncio.Event()
    task = asyncio.create_task(wait_not_serving())
    await serving.wait()
    yield task
    await task


async def test_a_call_ends_while_new_ones_are_refused() -> None:
    """While draining, health says so, new calls are UNAVAILABLE, a running one ends in peace."""
    authority, parrot = Authority(), Parrot()
    server = Server(authority, parrot, drain_timeout_seconds=60)
    port = await server.start()
    with connected(port, authority.client("admin")) as channel:
        async with watched_health(HealthStub(channel)) as not_serving:
            running = asyncio.create_task(ask(channel, WAIT))
            await parrot.wait_waiting(1)
            stopped = server.stop()
            await not_serving
            refused = await call_failure(ask(channel, WAIT))
            parrot.released.set()
            ended = await running
        await stopped

    assert ended is None
    assert (refused.status, refused.message) == (Status.UNAVAILABLE, "the server is shutting down")


async def test_a_call_that_does_not_end_is_told() -> None:
    """After drainTimeout a call ends with UNAVAILABLE, so that its client may come back for the rest."""
    authority, parrot = Authority(), Parrot()
    server = Server(authority, parrot, drain_timeout_seconds=0.05)
    port = await server.start()
    with connected(port, authority.client("admin")) as channel:
        running = asyncio.create_task(call_failure(ask(channel, WAIT)))
        await parrot.wait_waiting(1)
        await server.stop()
        error = await running

    assert (error.status, error.message) == (Status.UNAVAILABLE, "the server is shutting down")
    assert parrot.waiting == 0


async def test_an_idle_server_stops_at_once() -> None:
    """Connections without calls hold nobody up, and nobody is accepted afterwards."""
    authority, parrot = Authority(), Parrot()
    server = Server(authority, parrot, drain_timeout_seconds=3600)
    port = await server.start()
    with connected(port, authority.client("admin")) as channel:
        await ask(channel, pb.GetJobLogsReq(offset=1))
        await server.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_a_client_that_hangs_in_the_handshake_holds_nobody_up() -> None:
    """A connection that never said who it is is closed when the server stops."""
    authority = Authority()
    server = Server(authority, Parrot(), drain_timeout_seconds=3600)
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16")
    await writer.drain()
    await server.stop()

    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
