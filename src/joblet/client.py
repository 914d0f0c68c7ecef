"""The verbs of `JobRunner` over the wire: same names, same values, typed errors.

Works wherever Python does. A connection is made at the first call, and again
whenever it was lost. What a lost connection leaves open is asked again, since
asking twice does no harm: a start carries a key, so that the server starts one
job however often it is asked; a log goes on at the byte at which it broke off.
The exceptions are a removal, and the first connection of all: a server that
was never there is likelier a wrong address than one that restarts.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Self, TypeVar
from uuid import uuid4

from grpclib.client import ServiceMethod, Stream, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError

from joblet.config import Node
from joblet.errors import DeadlineExceededError, JobNotRunningError, ServerError, ServerUnavailableError
from joblet.job import Job, JobSpec, JobStatus
from joblet.wire.channel import ServerChannel
from joblet.wire.convert import job_from_message, spec_to_message
from joblet.wire.cursor import Cursor
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.status import error_from_status
from joblet.wire.tls import client_context
from joblet.wire.tries import Tries

CALL_TIMEOUT_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
"""Enough for a daemon that restarts, and for most hosts that do."""

BEYOND_ANY_LOG = 2**63 - 1
"""A log from here on has no bytes, but an end."""

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Client:
    """Calls one server; use as `async with Client(node) as client:`.

    A call has `timeout_seconds` to be answered, each time it is made; a stop,
    a wait and a log take as long as the job does. `patience_seconds` is for how
    long, after the connection was lost, the server is looked for without any
    progress; 0 is not at all.

    Every method raises, besides what it documents: `ServerUnavailableError`
    (the patience is over), `UnauthenticatedError`, `AccessDeniedError`,
    `DeadlineExceededError` (it is unknown whether the server acted), and
    `ServerError` for the rest.

    Raises:
        ConfigurationError: the node's certificate and key are not a pair.

    """

    def __init__(
        self,
        node: Node,
        *,
        timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._node = node
        self._context = client_context(node.tls)
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds

    async def __aenter__(self) -> Self:
        self._channel = ServerChannel(self._node.address, self._context)
        self._stub = JobletServiceStub(self._channel)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._channel.aclose()

    async def start(self, spec: JobSpec) -> Job:
        """Start a job, once, and return it when it is durably accepted.

        A spec without a key gets one of its own for the purpose.

        Raises:
            InvalidRequestError: the command or a limit is refused.
            TooManyJobsError: the server runs as many as it may.
            HostError: the server cannot isolate or limit it.

        """
        keyed = spec if spec.key else replace(spec, key=uuid4().hex)
        answer = await self._call(self._stub.RunJob, spec_to_message(keyed), self._tries())
        return job_from_message(answer)

    async def stop(self, job_id: str, *, force: bool = False) -> Job:
        """Stop a job; return it once it is terminal and gone.

        It takes as long as the job's grace period, which `force` leaves out:
        bound it with `asyncio.timeout`.

        Raises:
            JobNotFoundError: no job has this id.
            JobNotRunningError: it has ended already.

        """
        tries = self._tries()
        request = pb.StopJobReq(id=job_id, force=force)
        try:
            await self._call(self._stub.StopJob, request, tries, has_deadline=False)
        except JobNotRunningError:
            # If the answer to an earlier try was lost, this is what became of it.
            job = await self.status(job_id)
            if tries.failures and job.status is JobStatus.STOPPED:
                return job
            raise
        return await self.status(job_id)

    async def status(self, job_id: str) -> Job:
        """Return the job as it is now.

        Raises:
            JobNotFoundError: no job has this id.

        """
        answer = await self._call(self._stub.GetJobStatus, pb.GetJobStatusReq(id=job_id), self._tries())
        return job_from_message(answer)

    async def list(self) -> list[Job]:
        """Return all jobs, oldest first."""
        answer = await self._call(self._stub.ListJobs, pb.EmptyRequest(), self._tries())
        return [job_from_message(message) for message in answer.jobs]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none.

        Not asked again when its answer is lost: the jobs are then gone, or not.

        Raises:
            JobNotFoundError: one of them is not there.
            JobRunningError: one of them has not ended.

        """
        await self._call(self._stub.RemoveJobs, pb.RemoveJobsReq(ids=job_ids), Tries(0))

    async def wait(self, job_id: str) -> Job:
        """Return the job once it is terminal.

        It waits for its log to end, which the server tells unasked.

        Raises:
            JobNotFoundError: no job has this id.

        """
        job = await self.status(job_id)
        while not job.status.is_terminal:
            async for _ in self.logs(job_id, offset=BEYOND_ANY_LOG):
                pass
            job = await self.status(job_id)
        return job

    async def logs(
        self, job_id: str, *, offset: int = 0, follow: bool = True, tail_lines: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the job's output from a byte offset, or its last lines; with `follow`, to its very end.

        Each byte comes once and in order, however often the connection is
        lost. Close the generator (`contextlib.aclosing`) to end it early.

        Raises:
            JobNotFoundError: no job has this id.
            InvalidRequestError: a number is negative, or offset and lines are both given.

        """
        cursor = Cursor(job_id, offset=offset, follow=follow, tail_lines=tail_lines)
        tries = self._tries()
        while True:
            try:
                async with aclosing(self._chunks(cursor, tries)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except ServerUnavailableError as failure:
                await self._wait_next(tries, failure)
            else:
                return

    async def _chunks(self, cursor: Cursor, tries: Tries) -> AsyncGenerator[bytes, None]:
        """Yield what comes of a log before the connection is lost."""
        async with self._opened(self._stub.GetJobLogs, timeout_seconds=None) as stream:
            await stream.send_message(cursor.request(), end=True)
            # Our server sends its headers at once: a silent job's log is there before its first byte.
            await stream.recv_initial_metadata()
            tries.progressed()
            async for chunk in stream:
                if payload := cursor.fresh(chunk):
                    yield payload

    def _tries(self) -> Tries:
        return Tries(self._patience_seconds)

    async def _wait_next(self, tries: Tries, failure: ServerUnavailableError) -> None:
        if not self._channel.was_connected:
            raise failure
        await tries.wait_next(failure)

    async def _call(
        self,
        method: UnaryUnaryMethod[Request, Answer],
        request: Request,
        tries: Tries,
        *,
        has_deadline: bool = True,
    ) -> Answer:
        """Return the answer, asking again when the connection is lost."""
        timeout_seconds = self._timeout_seconds if has_deadline else None
        while True:
            try:
                return await self._ask(method, request, timeout_seconds)
            except ServerUnavailableError as failure:
                await self._wait_next(tries, failure)

    async def _ask(
        self, method: UnaryUnaryMethod[Request, Answer], request: Request, timeout_seconds: float | None
    ) -> Answer:
        async with self._opened(method, timeout_seconds=timeout_seconds) as stream:
            await stream.send_message(request, end=True)
            answer = await stream.recv_message()
        if answer is None:
            raise ServerError(f"{self._node.address} ended the call without an answer")
        return answer

    @asynccontextmanager
    async def _opened(
        self, method: ServiceMethod[Request, Answer], *, timeout_seconds: float | None
    ) -> AsyncIterator[Stream[Request, Answer]]:
        """Open a call on a connection, and give every failure of both its type."""
        await self._channel.connect(self._timeout_seconds)
        stream = method.open(timeout=timeout_seconds)
        try:
            async with stream:
                yield stream
        except GRPCError as error:
            raise error_from_status(error.status, error.message, stream.trailing_metadata or {}) from error
        except TimeoutError as error:
            why = f"{self._node.address} did not answer within {self._timeout_seconds:g} s"
            raise DeadlineExceededError(why) from error
        except (StreamTerminatedError, OSError) as error:
            raise self._channel.loss() or ServerError(f"{self._node.address}: {error}") from error
