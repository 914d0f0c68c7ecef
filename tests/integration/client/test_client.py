"""`Client` against a real server end (TLS, HTTP/2, messages) that runs no jobs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from joblet.client import Client
from joblet.config import Node
from joblet.errors import (
    AccessDeniedError,
    DeadlineExceededError,
    InvalidCommandError,
    InvalidLimitError,
    InvalidRequestError,
    JobletError,
    JobNotFoundError,
    JobNotRunningError,
    ServerError,
    ServerUnavailableError,
    TooManyJobsError,
)
from joblet.job import Ending, Job, JobSpec, JobStatus, Reason, Usage
from joblet.limits import Limits
from joblet.testing.authority import Authority
from support.fakeservice import FakeService, serving

EXITED = Ending(reason=Reason.EXITED, exit_code=0)
SPEC = JobSpec("ls", ("-la", "", "ü\n"), Limits(cpu_percent=50, memory_mb=64, io_bps=1000))


@pytest.fixture
async def client(node: Node) -> AsyncIterator[Client]:
    async with Client(node) as client:
        yield client


async def collected(client: Client, job_id: str, *, offset: int = 0, follow: bool = True) -> list[bytes]:
    return [chunk async for chunk in client.logs(job_id, offset=offset, follow=follow)]


class TestVerbs:
    """Each verb gives the value that the runner at the other end has."""

    async def test_start(self, client: Client, service: FakeService) -> None:
        """What is started is what was asked for, to the byte."""
        job = await client.start(SPEC)

        assert job == service.jobs["1"]
        assert job.spec == SPEC

    async def test_status_carries_the_whole_ending(self, client: Client, service: FakeService) -> None:
        """Nothing that is known of an end is lost on the way."""
        usage = Usage(cpu_seconds=1.5, peak_memory_bytes=7, written_bytes=0)
        ending = Ending(reason=Reason.OOM, signal=9, detail="why", log_bytes=5, dropped_bytes=3, usage=usage)
        job = service.add(SPEC, ending)

        assert await client.status(job.id) == job

    async def test_stop(self, client: Client, service: FakeService) -> None:
        """A stop returns the job as it is afterwards, with all there is to know."""
        service.add(SPEC)

        job = await client.stop("1")

        assert (job.status, job.exit_code, job.stopped_by) == (JobStatus.STOPPED, -1, "tester")
        assert job == service.jobs["1"]

    async def test_list(self, client: Client, service: FakeService) -> None:
        """All jobs come, in the server's order."""
        jobs = [service.add(SPEC), service.add(JobSpec("true"), EXITED)]

        assert await client.list() == jobs

    async def test_an_empty_list(self, client: Client) -> None:
        """A server without jobs has an empty list, not an error."""
        assert await client.list() == []

    async def test_logs(self, client: Client, service: FakeService) -> None:
        """Chunks arrive as they are, whatever their bytes."""
        service.add(SPEC, EXITED)
        service.logs["1"] = [b"\x00\xff", b"\n", b"x" * 300_000]

        assert await collected(client, "1") == service.logs["1"]

    async def test_logs_say_from_where_and_whether_to_stay(
        self, client: Client, service: FakeService
    ) -> None:
        """Offset and follow reach the server."""
        service.add(SPEC)

        await collected(client, "1", offset=2**40, follow=False)

        assert (service.requests[-1].offset, service.requests[-1].noFollow) == (2**40, True)

    async def test_wait_returns_when_the_job_ends(self, client: Client, service: FakeService) -> None:
        """A wait asks once, and then again only after the server has said that the job ended."""
        service.add(SPEC)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(client.wait("1"))
            await service.log_sent.wait()
            assert not waiting.done()

            ended = service.end("1", EXITED)
            service.job_ended.set()

            assert await waiting == ended
        assert len(service.requests) == 3

    async def test_wait_for_a_job_that_has_ended(self, client: Client, service: FakeService) -> None:
        """Nothing is waited for where nothing is to come."""
        job = service.add(SPEC, EXITED)

        assert await client.wait("1") == job
        assert len(service.requests) == 1


class TestRefusals:
    """Each error of the server arrives as the class that it was there."""

    @pytest.mark.parametrize(
        "error",
        [
            JobNotFoundError("999"),
            JobNotRunningError("1", "COMPLETED"),
            TooManyJobsError(100),
            AccessDeniedError("viewer", "run_job"),
            InvalidLimitError("maxMemory exceeds system limits"),
            InvalidCommandError("command contains dangerous characters"),
            ServerError("umlaut: ü, newline: \n"),
        ],
    )
    async def test_class_and_message(self, client: Client, service: FakeService, error: JobletError) -> None:
        """Class and message are those of the server, for calls and for streams."""
        service.error = error

        with pytest.raises(type(error)) as of_call:
            await client.start(SPEC)
        with pytest.raises(type(error)) as of_stream:
            await collected(client, "1")

        assert type(of_call.value) is type(of_stream.value) is type(error)
        assert str(of_call.value) == str(of_stream.value) == str(error)

    async def test_an_unknown_job(self, client: Client) -> None:
        """An id that no job has is refused by every verb that takes one."""
        for call in (client.status, client.stop, client.wait):
            with pytest.raises(JobNotFoundError, match=r"^job not found: 999$"):
                await call("999")

    async def test_what_fits_no_message_is_refused_here(self, client: Client, service: FakeService) -> None:
        """A text that is not UTF-8 and a number beyond 32 bits never leave."""
        with pytest.raises(InvalidRequestError):
            await client.start(JobSpec("ls", ("\udcff",)))
        with pytest.raises(InvalidRequestError):
            await client.start(JobSpec("ls", limits=Limits(memory_mb=2**40)))

        assert service.requests == []

    async def test_a_refusal_does_not_end_the_connection(self, client: Client) -> None:
        """After an error the next call is answered."""
        with pytest.raises(JobNotFoundError):
            await client.status("999")

        assert await client.list() == []


class TestTime:
    """Deadlines, and what is left when a caller goes."""

    async def test_a_call_has_a_deadline(self, node: Node, service: FakeService) -> None:
        """A server that does not answer ends the call in time, and says that nothing is known."""
        service.answering.clear()

        async with Client(node, timeout_seconds=0.2) as client:
            with pytest.raises(DeadlineExceededError, match=f"^{node.address} did not answer within 0.2 s$"):
                await client.start(SPEC)

        await service.cancelled.wait()

    async def test_a_stream_has_none(self, node: Node, service: FakeService) -> None:
        """A follower outlives any deadline of calls."""
        service.add(SPEC)
        service.logs["1"] = [b"first"]
        async with Client(node, timeout_seconds=0.2) as client, aclosing(client.logs("1")) as chunks:
            assert await anext(chunks) == b"first"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await anext(chunks)

    async def test_a_reader_that_leaves_frees_the_server(self, client: Client, service: FakeService) -> None:
        """Closing a log early cancels the call at the other end, and the connection lives on."""
        service.add(SPEC)
        service.logs["1"] = [b"first", b"second"]
        async with aclosing(client.logs("1")) as chunks:
            assert await anext(chunks) == b"first"
            await service.log_sent.wait()

        await service.cancelled.wait()
        assert len(await client.list()) == 1

    async def test_a_cancelled_call_frees_the_server(self, client: Client, service: FakeService) -> None:
        """Cancelling a call cancels it at the other end."""
        service.answering.clear()
        call = asyncio.create_task(client.list())
        await service.called.wait()

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
        await service.cancelled.wait()

    async def test_nothing_is_left_when_a_caller_is_cancelled(self, node: Node, service: FakeService) -> None:
        """A cancelled block leaves no task; open sockets would fail the test by themselves."""
        service.answering.clear()
        before = asyncio.all_tasks()

        async def use() -> None:
            async with Client(node) as client:
                await client.list()

        using = asyncio.create_task(use())
        await service.called.wait()
        client_side = asyncio.all_tasks() - before - {using}
        using.cancel()
        await asyncio.wait([using])
        await service.cancelled.wait()

        assert using.cancelled()
        assert not [task for task in client_side if not task.done() and "client" in repr(task)]


class TestConnection:
    """One connection, made when it is needed, and made again."""

    async def test_many_calls_at_once(self, client: Client, service: FakeService) -> None:
        """Fifty calls at once share the connection and are all answered."""
        service.add(SPEC, EXITED)

        jobs: list[Job] = await asyncio.gather(*(client.status("1") for _ in range(50)))

        assert jobs == [service.jobs["1"]] * 50

    async def test_a_lost_connection_is_made_again(self, service: FakeService, authority: Authority) -> None:
        """A server that went away fails the call of an impatient client, and is found again by the next."""
        service.answering.clear()
        async with contextlib.AsyncExitStack() as stack:
            async with serving(service, authority.server()) as address:
                client = await stack.enter_async_context(
                    Client(Node(address=address, tls=authority.client("admin")), patience_seconds=0)
                )
                call = asyncio.create_task(client.list())
                await service.called.wait()
            with pytest.raises(ServerUnavailableError):
                await call
            with pytest.raises(ServerUnavailableError, match=f"^cannot reach {address}: Connection refused$"):
                await client.list()

            service.answering.set()
            async with serving(service, authority.server(), port=int(address.rpartition(":")[2])):
                assert await client.list() == []

    async def test_a_client_that_never_called_closes(self, node: Node) -> None:
        """No connection is made for nothing."""
        async with Client(replace(node, address="nowhere.invalid:1")):
            pass
