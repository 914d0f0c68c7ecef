"""The four verbs of WorkerService over the wire: what `job-worker` is made of.

Programs have `Client`, which knows of a job all there is. This one is for what
the second API is: its words, its text, its way to say no. That API has no keys,
so a start or a stop is never asked twice; what only looks is, as by `Client`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from joblet.errors import InvalidRequestError, WrongStatusError
from joblet.wire import worker as wire
from joblet.wire.convert import sendable_id
from joblet.wire.generated import worker_pb2 as pb
from joblet.wire.generated.worker_grpc import WorkerServiceStub
from joblet.wire.serverclient import ServerClient
from joblet.wire.tries import Tries
from joblet.wire.worker import Started, WorkerJob


class WorkerClient(ServerClient[WorkerServiceStub]):
    """Calls one server; use as `async with WorkerClient(node) as client:`.

    Times and errors are those of `Client`.

    Raises:
        ConfigurationError: the node's certificate and key are not a pair.

    """

    _stub_type = WorkerServiceStub

    async def start(self, command: str, args: Sequence[str] = ()) -> Started:
        """Start a job, and return it once its command executes, or cannot: then it has no pid.

        Raises:
            InvalidRequestError: the command or an argument is refused; there is no job.
            TooManyJobsError: the server runs as many as it may.
            HostError: the server cannot isolate or limit it.

        """
        answer = await self._caller.call(self._stub.Start, wire.start_to_message(command, args), Tries(0))
        if not answer.jobID:
            raise InvalidRequestError(answer.message or "the server refused to start the job")
        return wire.started_from_message(answer)

    async def stop(self, job_id: str) -> None:
        """Stop a job; return once it is gone.

        It takes as long as the job's grace period: bound it with `asyncio.timeout`.

        Raises:
            JobNotFoundError: no job has this id.
            WrongStatusError: it has ended already.

        """
        request = pb.StopRequest(jobID=sendable_id(job_id))
        answer = await self._caller.call(self._stub.Stop, request, Tries(0), has_deadline=False)
        if not answer.success:
            raise WrongStatusError(answer.message or f"job was not stopped: {job_id}")

    async def status(self, job_id: str) -> WorkerJob:
        """Return the job as it is now.

        Raises:
            JobNotFoundError: no job has this id.

        """
        request = pb.QueryStatusRequest(jobID=sendable_id(job_id))
        answer = await self._caller.call(self._stub.QueryStatus, request, self._caller.tries())
        return wire.job_from_message(job_id, answer)

    async def output(self, job_id: str) -> AsyncGenerator[str, None]:
        """Yield the job's output as text, from its first byte to its end.

        Each character comes once and in order, however often the connection
        is lost. Close the generator (`contextlib.aclosing`) to end it early.

        Raises:
            JobNotFoundError: no job has this id.

        """
        cursor = wire.OutputCursor(sendable_id(job_id))
        async with aclosing(self._caller.stream(self._stub.GetOutput, cursor.request)) as answers:
            async for answer in answers:
                if text := cursor.fresh(answer):
                    yield text
