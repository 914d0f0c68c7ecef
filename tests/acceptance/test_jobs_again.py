"""A real daemon over a bad network: one run for each start, each byte once; and jobs found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.errors import MessageTooLargeError
from joblet.job import Job, JobSpec, JobStatus, Reason
from joblet.limits import Limits
from joblet.search import Search, Sort
from joblet.testing.daemon import Daemon, running_daemon
from support.folders import IN_CREATE, once_in
from support.programs import Program, write_rnx_config
from support.proxy import Proxy, proxying

pytestmark = pytest.mark.isolation


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path, settings={"grpc": {"maxSendMsgSize": 4096}}) as daemon:
        yield daemon


@pytest.fixture
async def direct(daemon: Daemon) -> AsyncIterator[Client]:
    async with Client(daemon.node()) as client:
        yield client


@pytest.fixture
async def proxy(daemon: Daemon) -> AsyncIterator[Proxy]:
    async with proxying(daemon.address) as proxy:
        yield proxy


async def wait_any(client: Client, daemon: Daemon) -> Job:
    """Return the first job there is, once there is one: its folder is made after its row."""
    jobs = await once_in(daemon.folder / "state" / "jobs", IN_CREATE, client.list, until=bool)
    return jobs[0]


async def test_a_lost_answer_starts_one_job(daemon: Daemon, direct: Client, proxy: Proxy) -> None:
    """The answer is lost, the effect is kept: the retry has the id of the first try, and there is one run."""
    async with Client(replace(daemon.node(), address=proxy.address)) as client:
        await client.list()
        proxy.lose_answers()
        starting = asyncio.create_task(client.start(JobSpec("sh", ("-c", "echo ran"))))
        first = await wait_any(direct, daemon)
        proxy.cut()

        job = await starting

        assert job.id == first.id
        assert (await client.wait(job.id)).status is JobStatus.COMPLETED
        assert b"".join([chunk async for chunk in client.logs(job.id)]) == b"ran\n"
        assert [job.id for job in await direct.list()] == [first.id]


async def test_a_lost_answer_stops_the_job(daemon: Daemon, direct: Client, proxy: Proxy) -> None:
    """A stop that was not heard to have worked is a success all the same."""
    job = await direct.start(JobSpec("sleep", ("600",)))
    async with Client(replace(daemon.node(), address=proxy.address)) as client:
        await client.list()
        proxy.lose_answers()
        stopping = asyncio.create_task(client.stop(job.id))
        await direct.wait(job.id)
        proxy.cut()

        assert (await stopping).status is JobStatus.STOPPED


async def test_a_log_goes_on_after_a_crash_of_the_daemon(tmp_path: Path) -> None:
    """A follower of a running job, its daemon killed under it, gets the rest from the next one."""
    script = "echo before; while [ ! -e go ]; do sleep 0.05; done; seq 1 20000"
    async with AsyncExitStack() as stack:
        with running_daemon(tmp_path) as first:
            proxy = await stack.enter_async_context(proxying(first.address))
            client = await stack.enter_async_context(Client(replace(first.node(), address=proxy.address)))
            job = await client.start(JobSpec("sh", ("-c", script)))
            chunks = await stack.enter_async_context(aclosing(client.logs(job.id)))
            received = await anext(chunks)
            first.kill()
        with running_daemon(tmp_path, authority=first.authority) as second:
            proxy.server = second.address
            (tmp_path / "state/jobs" / job.id / "work/go").touch()
            received += b"".join([chunk async for chunk in chunks])
            assert (await client.wait(job.id)).status is JobStatus.COMPLETED

    assert received == b"before\n" + b"".join(b"%d\n" % number for number in range(1, 20001))


async def test_more_jobs_than_a_message_holds(daemon: Daemon, direct: Client, tmp_path: Path) -> None:
    """The API's list says that it is too large; a search gives all of them, in pages and in order."""
    names = [f"{number % 3}-{number}" for number in range(12)]
    for name in names:
        job = await direct.start(JobSpec("true", ("x" * 600,), name=name))
        await direct.wait(job.id)

    with pytest.raises(MessageTooLargeError, match=r"^message too large: \d+ bytes \(maximum 4096\)$"):
        await direct.list()
    found = [job async for job in direct.search(Search())]
    by_name = [job.spec.name async for job in direct.search(Search(sort=Sort.NAME, is_reversed=True))]
    some = [job.spec.name async for job in direct.search(Search(name="1-*"))]

    assert [job.spec.name for job in found] == names
    assert by_name == sorted(names, reverse=True)
    assert some == ["1-1", "1-4", "1-7", "1-10"]
    assert [job async for job in direct.search(Search(statuses=frozenset({JobStatus.FAILED})))] == []
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": daemon.node()})
    listed = await Program("rnx", tmp_path).run("list")
    assert listed.out.count(b"\n") == len(names)


async def test_a_job_that_needs_too_much_memory(daemon: Daemon, direct: Client, tmp_path: Path) -> None:
    """`rnx explain` says what killed it, what it had, and what to try."""
    eats = ("-c", "print('eating', flush=True); x = bytearray(200 << 20)")
    job = await direct.start(JobSpec("python3", eats, Limits(memory_mb=64)))
    ended = await direct.wait(job.id)
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": daemon.node()})

    lines = (await Program("rnx", tmp_path).run("explain", job.id)).out.decode().splitlines()

    assert ended.ending is not None
    assert ended.ending.reason is Reason.OOM
    assert lines[1] == "FAILED: The kernel killed it: it needed more memory than its 64 MB."
    assert "  | eating" in lines
    assert lines[-1] == "Hint: try --max-memory 96."


async def test_options_reach_the_job(daemon: Daemon, tmp_path: Path) -> None:
    """Environment, folder and timeout are what the command finds."""
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": daemon.node()})
    rnx = Program("rnx", tmp_path)

    ran = await rnx.run("run", "-w", "--env=GREETING=hello there", "sh", "-c", 'echo "$GREETING"; pwd')
    late = await rnx.run("run", "-w", "--timeout=200ms", "sleep", "600")
    tail = await rnx.run("log", "--tail=1", "1")

    assert (ran.code, ran.out) == (0, b"hello there\n/work\n")
    assert late.code == 128 + 15
    assert "longer than 200ms" in late.err
    assert tail.out == b"/work\n"
