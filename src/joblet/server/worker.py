"""WorkerService: the second API over the same runner, so a job of one is a job of the other.

Two ways to say no, as its document has them: `success=false` and a message
when a start or a stop failed for the job's own sake; a gRPC status for all
else, an unknown id and a caller who may not included.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from joblet.config import GrpcConfig
from joblet.errors import InvalidRequestError, JobNotRunningError
from joblet.runner.supervisor import JobRunner
from joblet.server.calls import caller_name, receive, send_output
from joblet.wire import worker as wire
from joblet.wire.generated import worker_pb2 as pb
from joblet.wire.generated.worker_grpc import WorkerServiceBase

if TYPE_CHECKING:
    from grpclib.server import Stream


class WorkerService(WorkerServiceBase):
    """Serves the jobs of one runner."""

    def __init__(self, runner: JobRunner, config: GrpcConfig) -> None:
        self._runner = runner
        self._slow_seconds = config.slow_client_timeout_seconds
        self._piece_bytes = wire.output_piece_bytes(config.max_send_bytes)

    async def Start(self, stream: Stream[pb.StartRequest, pb.StartResponse]) -> None:
        """Answer once the command executes: only then is there a pid, and only then is it a success."""
        request = await receive(stream)
        try:
            accepted = await self._runner.start(wire.spec_from_message(request), owner=caller_name(stream))
        except InvalidRequestError as error:
            await stream.send_message(pb.StartResponse(message=str(error)))
            return
        job = await self._runner.wait_started(accepted.id)
        await stream.send_message(wire.started_to_message(job))

    async def Stop(self, stream: Stream[pb.StopRequest, pb.StopResponse]) -> None:
        """Answer once the job is gone."""
        request = await receive(stream)
        try:
            await self._runner.stop(request.jobID, by=caller_name(stream))
        except JobNotRunningError as error:
            await stream.send_message(pb.StopResponse(message=str(error)))
            return
        await stream.send_message(pb.StopResponse(success=True))

    async def QueryStatus(self, stream: Stream[pb.QueryStatusRequest, pb.QueryStatusResponse]) -> None:
        """Answer with the job as it is now."""
        request = await receive(stream)
        job = await self._runner.status(request.jobID)
        await stream.send_message(wire.job_to_message(job))

    async def GetOutput(self, stream: Stream[pb.GetOutputRequest, pb.GetOutputResponse]) -> None:
        """Send the output as text from its first byte to its end; flow control is the client's."""
        request = await receive(stream)
        # Before there is any output, so that a follower of a silent job knows that it is heard.
        await stream.send_initial_metadata()
        decoder = wire.output_decoder()
        async with aclosing(self._runner.logs(request.jobID)) as chunks:
            async for chunk in chunks:
                for start in range(0, len(chunk), self._piece_bytes):
                    # Empty when all of it is the beginning of a character: then nothing is said.
                    if text := decoder.decode(chunk[start : start + self._piece_bytes]):
                        await send_output(
                            stream, pb.GetOutputResponse(output=text), timeout_seconds=self._slow_seconds
                        )
        if text := decoder.decode(b"", final=True):
            await send_output(stream, pb.GetOutputResponse(output=text), timeout_seconds=self._slow_seconds)
