"""WriteInput, over the wire: whose turn it is, offsets, losses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from grpclib.client import Stream
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from joblet import Client, JobSpec
from joblet.errors import AccessDeniedError, InputReplacedError
from joblet.testing.daemon import Daemon, running_daemon
from joblet.wire.generated import joblet_pb2 as pb
from support.blocks import each, never
from support.places import output_of
from support.proxy import proxying

pytestmark = pytest.mark.isolation

Call = Stream[pb.InputReq, pb.InputRes]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running:
        yield running


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[Client]:
    async with Client(daemon.node()) as client:
        yield client


@asynccontextmanager
async def calling(client: Client, job_id: str) -> AsyncIterator[Call]:
    """Call as a client of the proto's text alone does."""
    async with client._stub.WriteInput.open() as call:
        await call.send_message(pb.InputReq(id=job_id))
        yield call


async def told(call: Call) -> pb.InputRes:
    answer = await call.recv_message()
    assert answer is not None
    return answer


async def test_the_call_as_the_proto_says_it(client: Client) -> None:
    """The first answer tells where to begin; content elsewhere is ignored; the end ends the call."""
    job = await client.start(JobSpec("cat", stdin=True))
    async with calling(client, job.id) as call:
        assert await told(call) == pb.InputRes(taken=0)
        await call.send_message(pb.InputReq(payload=b"nowhere", offset=5))
        assert await told(call) == pb.InputRes(taken=0)
        await call.send_message(pb.InputReq(payload=b"content", end=True))
        while not (answer := await told(call)).closed:
            pass
        assert answer.taken == 7
        assert await call.recv_message() is None
        await call.end()

    assert await output_of(client, job.id) == b"content"


async def test_who_ends_their_side_leaves_the_input_open(client: Client) -> None:
    """The next call goes on."""
    job = await client.start(JobSpec("cat", stdin=True))
    async with calling(client, job.id) as call:
        await told(call)
        await call.send_message(pb.InputReq(payload=b"one "), end=True)
        while await call.recv_message() is not None:
            pass
    await client.write_input(job.id, each(b"two"))

    assert await output_of(client, job.id) == b"one two"


async def test_an_offset_that_is_none(client: Client) -> None:
    """It is refused, and the input stays open."""
    job = await client.start(JobSpec("cat", stdin=True))

    async def ask() -> None:
        async with calling(client, job.id) as call:
            await told(call)
            await call.send_message(pb.InputReq(payload=b"x", offset=-1))
            while await call.recv_message() is not None:
                pass
            await call.end()

    with pytest.raises(GRPCError) as caught:
        await ask()

    assert caught.value.status is Status.INVALID_ARGUMENT
    assert caught.value.message == "offset must not be negative (got -1)"
    await client.write_input(job.id, each())
    await client.wait(job.id)


async def test_the_newest_call_wins(client: Client) -> None:
    """The older one ends with an error that says so, and does not come back."""
    job = await client.start(JobSpec("cat", stdin=True))
    has_begun = asyncio.Event()
    older = asyncio.create_task(
        client.write_input(job.id, never(), on_connection=lambda _is_there: has_begun.set())
    )
    await has_begun.wait()

    await client.write_input(job.id, each(b"newer"))

    with pytest.raises(InputReplacedError) as caught:
        await older
    assert type(caught.value) is InputReplacedError
    assert str(caught.value) == f"input of job {job.id} is written by somebody else now"
    assert await output_of(client, job.id) == b"newer"


async def test_a_viewer_may_not(client: Client, daemon: Daemon) -> None:
    """Whoever may only look types nothing."""
    job = await client.start(JobSpec("cat", stdin=True))
    async with Client(daemon.node("viewer")) as viewer:
        with pytest.raises(
            AccessDeniedError, match="role viewer is not allowed to perform operation write_input"
        ):
            await viewer.write_input(job.id, each(b"x"))
    await client.write_input(job.id, each())
    await client.wait(job.id)


async def test_a_network_that_fails(client: Client, daemon: Daemon) -> None:
    """Each byte is given once, and whoever wants to know is told of losses."""
    content = random.Random(4).randbytes(5_000_000)
    connections: list[bool] = []
    async with (
        proxying(daemon.address) as proxy,
        Client(replace(daemon.node(), address=proxy.address)) as far,
    ):
        job = await far.start(JobSpec("cat", stdin=True))
        proxy.cut_after([1900, 2100, 1900, 2500])
        blocks = [content[start : start + 50_000] for start in range(0, len(content), 50_000)]
        await far.write_input(job.id, each(*blocks), on_connection=connections.append)

    assert await output_of(client, job.id) == content
    assert connections.count(False) >= 4
    assert True in connections


async def test_a_job_that_ends_while_nobody_is_connected(client: Client, daemon: Daemon) -> None:
    """It takes no more, which is no error of who has fed it."""
    async with (
        proxying(daemon.address) as proxy,
        Client(replace(daemon.node(), address=proxy.address)) as far,
    ):
        job = await far.start(JobSpec("cat", stdin=True))
        has_begun = asyncio.Event()
        feeding = asyncio.create_task(
            far.write_input(job.id, never(), on_connection=lambda _is_there: has_begun.set())
        )
        await has_begun.wait()
        address, proxy.server = proxy.server, "127.0.0.1:1"
        proxy.cut()
        await client.stop(job.id)
        proxy.server = address

        await feeding
