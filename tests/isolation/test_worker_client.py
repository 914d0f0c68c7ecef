"""`WorkerClient` against a real daemon: its values, its errors, and connections that are lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from joblet import Client, Node
from joblet.errors import InvalidRequestError, JobNotFoundError, ServerUnavailableError, WrongStatusError
from joblet.testing.daemon import Daemon, running_daemon
from joblet.wire.worker import Started, WorkerJob, WorkerStatus
from joblet.workerclient import WorkerClient
from support.proxy import Proxy, proxying

pytestmark = pytest.mark.isolation

SLEEP = ("sh", ["-c", "exec sleep 600"])


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running:
        yield running


@pytest.fixture(scope="module")
def node(daemon: Daemon) -> Node:
    return daemon.node("admin")


@pytest.fixture
async def client(node: Node) -> AsyncIterator[WorkerClient]:
    async with WorkerClient(node) as client:
        yield client


@pytest.fixture
async def proxy(node: Node) -> AsyncIterator[Proxy]:
    async with proxying(node.address) as proxy:
        yield proxy


@pytest.fixture
async def through(node: Node, proxy: Proxy) -> AsyncIterator[WorkerClient]:
    """A client behind the proxy, that is not connected yet."""
    async with WorkerClient(replace(node, address=proxy.address)) as client:
        yield client


async def text_of(client: WorkerClient, job_id: str) -> str:
    return "".join([text async for text in client.output(job_id)])


async def test_the_life_of_a_job(client: WorkerClient) -> None:
    """A job is started, looked at, stopped and looked at again, as the values that the API has for it."""
    started = await client.start(*SLEEP)
    running = await client.status(started.id)
    await client.stop(started.id)
    ended = await client.status(started.id)

    assert started.pid > 0
    assert running == WorkerJob(started.id, "sh", WorkerStatus.RUNNING, started.pid, 0)
    assert ended == replace(running, status=WorkerStatus.EXITED, exit_code=-1)


async def test_a_command_that_cannot_be_executed(client: WorkerClient) -> None:
    """There is a job, without a pid and with the reason."""
    started = await client.start("no-such-command")

    message = f"job did not start: {started.id} (exec: No such file or directory)"
    assert started == Started(started.id, 0, message)
    assert (await client.status(started.id)).exit_code == 127


@pytest.mark.parametrize(("command", "args"), [("", []), ("a;b", []), ("ls", ["\0"]), ("ls", ["\udcff"])])
async def test_a_refused_command(client: WorkerClient, command: str, args: list[str]) -> None:
    """What can never run is an error of the request."""
    with pytest.raises(InvalidRequestError, match=r"^invalid command: "):
        await client.start(command, args)


async def test_a_stop_of_what_has_ended(client: WorkerClient) -> None:
    """A job that has ended is in the wrong status to be stopped, and the message says in which."""
    started = await client.start("true")
    await text_of(client, started.id)

    with pytest.raises(WrongStatusError) as caught:
        await client.stop(started.id)

    assert str(caught.value) == f"job is not running: {started.id} (current status: COMPLETED)"


@pytest.mark.parametrize("job_id", ["999999", "", "one", "\udcff"])
async def test_an_id_that_no_job_has(client: WorkerClient, job_id: str) -> None:
    """Each verb says that there is no such job, also of what is no id, and of what no message can carry."""
    for call in (client.stop(job_id), client.status(job_id), text_of(client, job_id)):
        with pytest.raises(JobNotFoundError):
            await call


async def test_output_is_whole_however_often_the_connection_is_lost(
    client: WorkerClient, through: WorkerClient, proxy: Proxy
) -> None:
    """Each character comes once and in order, although every connection begins at the first."""
    lines = "for i in $(seq 20000); do echo \"$i üö€🦊\"; done; printf '\\377'"
    started = await client.start("bash", ["-c", lines])
    proxy.cut_after([5_000, 20_000, 100_000, 1, 300_000])
    await through.status(started.id)

    received = await text_of(through, started.id)

    assert received == "".join(f"{i} üö€🦊\n" for i in range(1, 20001)) + "\ufffd"
    assert proxy.connections > 5


async def test_a_start_is_never_asked_twice(node: Node, through: WorkerClient, proxy: Proxy) -> None:
    """When the answer to a start is lost its caller is told, and there is one job."""
    async with Client(node) as looking:
        before = len(await looking.list())
        with pytest.raises(JobNotFoundError):
            await through.status("999999")  # connected from here on
        proxy.lose_answers()
        starting = asyncio.create_task(through.start("true"))
        await proxy.lost.wait()
        while len(await looking.list()) == before:  # noqa: ASYNC110  nothing tells of a job of another's
            await asyncio.sleep(0)
        proxy.cut()
        with pytest.raises(ServerUnavailableError):
            await starting

        assert len(await looking.list()) == before + 1


async def test_a_follower_leaves_and_the_job_runs_on(client: WorkerClient) -> None:
    """A reader that has seen enough ends its call, and nothing else."""
    started = await client.start("sh", ["-c", "echo ready; exec sleep 600"])
    async with aclosing(client.output(started.id)) as texts:
        assert await anext(texts) == "ready\n"

    assert (await client.status(started.id)).status is WorkerStatus.RUNNING
    await client.stop(started.id)
