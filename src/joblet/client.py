"""The verbs of `JobRunner` over the wire: same names, same values, typed errors.

Works wherever Python does. A connection is made at the first call, and again
at the next one after it was lost; nothing is ever sent twice, since a job
must not start twice. A call has a deadline, a stream of output has none.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self, TypeVar

from grpclib.client import ServiceMethod, Stream, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError

from joblet.config import Node
from joblet.errors import DeadlineExceededError, ServerError
from joblet.job import Job, JobSpec
from joblet.wire.channel import ServerChannel
from joblet.wire.convert import job_from_message, spec_to_message
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.status import error_from_status
from joblet.wire.tls import client_context

CALL_TIMEOUT_SECONDS = 10.0
BEYOND_ANY_LOG = 2**63 - 1
"""A log from here on has no bytes, but an end."""

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Client:
    """Calls one server; use as `async with Client(node) as client:`.

    Every method raises, besides what it documents: `ServerUnavailableError`,
    `UnauthenticatedError`, `AccessDeniedError`, `DeadlineExceededError` (it is
    unknown whether the server acted), and `ServerError` for the rest.

    Raises:
        ConfigurationError: the node's certificate and key are not a pair.

    """

    def __init__(self, node: Node, *, timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> None:
        self._node = node
        self._context = client_context(node.tls)
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> Self:
        self._channel = ServerChannel(self._node.address, self._context)
        self._stub = JobletServiceStub(self._channel)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._channel.aclose()

    async def start(self, spec: JobSpec) -> Job:
        """Start a job; return it once it is durably accepted.

        Raises:
            InvalidRequestError: the command or a limit is refused.
            TooManyJobsError: the server runs as many as it may.
            HostError: the server cannot isolate or limit it.

        """
        answer = await self._call(self._stub.RunJob, spec_to_message(spec))
        return job_from_message(answer)

    async def stop(self, job_id: str) -> Job:
        """Stop a job; return it once it is terminal and gone.

        Raises:
            JobNotFoundError: no job has this id.
            JobNotRunningError: it has ended already.

        """
        await self._call(self._stub.StopJob, pb.StopJobReq(id=job_id))
        return await self.status(job_id)

    async def status(self, job_id: str) -> Job:
        """Return the job as it is now.

        Raises:
            JobNotFoundError: no job has this id.

        """
        answer = await self._call(self._stub.GetJobStatus, pb.GetJobStatusReq(id=job_id))
        return job_from_message(answer)

    async def list(self) -> list[Job]:
        """Return all jobs, oldest first."""
        answer = await self._call(self._stub.ListJobs, pb.EmptyRequest())
        return [job_from_message(message) for message in answer.jobs]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none.

        Raises:
            JobNotFoundError: one of them is not there.
            JobRunningError: one of them has not ended.

        """
        await self._call(self._stub.RemoveJobs, pb.RemoveJobsReq(ids=job_ids))

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

    async def logs(self, job_id: str, *, offset: int = 0, follow: bool = True) -> AsyncGenerator[bytes, None]:
        """Yield the job's output from a byte offset; with `follow`, to its very end.

        Close the generator (`contextlib.aclosing`) to end it early.

        Raises:
            JobNotFoundError: no job has this id.

        """
        request = pb.GetJobLogsReq(id=job_id, offset=offset, noFollow=not follow)
        async with self._opened(self._stub.GetJobLogs, timeout_seconds=None) as stream:
            await stream.send_message(request, end=True)
            async for chunk in stream:
                yield chunk.payload

    async def _call(self, method: UnaryUnaryMethod[Request, Answer], request: Request) -> Answer:
        async with self._opened(method, timeout_seconds=self._timeout_seconds) as stream:
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
