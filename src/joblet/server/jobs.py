"""JobletService: each RPC is one call of the runner. No decision is made here."""

from __future__ import annotations

from contextlib import aclosing
from importlib.metadata import version
from typing import Any

from grpclib.server import Stream

from joblet.config import GrpcConfig
from joblet.errors import InvalidRequestError
from joblet.files.entry import Total
from joblet.files.pack import CHUNK_BYTES
from joblet.files.stream import Batches
from joblet.runner.supervisor import JobRunner
from joblet.server.calls import caller_name, receive, receive_files, send_output
from joblet.server.input import write_input
from joblet.wire.convert import job_to_message, search_from_message, stopped_to_message
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceBase
from joblet.wire.metrics import stats_to_message
from joblet.wire.pieces import from_messages, to_messages
from joblet.wire.values import spec_from_message

CHUNK_OVERHEAD_BYTES = 32
"""The most that a DataChunk adds to its payload: two tags, a length and an offset."""

JOB_OVERHEAD_BYTES = 8
"""The most that a job adds to its own size in a list: a tag and a length."""

PAGE_OVERHEAD_BYTES = 1024
"""The most that a page has beside its jobs: the place of its end, with a job's name in it."""


class JobletService(JobletServiceBase):
    """Serves the jobs of one runner."""

    def __init__(self, runner: JobRunner, config: GrpcConfig) -> None:
        self._runner = runner
        self._slow_seconds = config.slow_client_timeout_seconds
        self._payload_bytes = max(config.max_send_bytes - CHUNK_OVERHEAD_BYTES, 1)

    async def RunJob(self, stream: Stream[pb.RunJobReq, pb.RunJobRes]) -> None:
        """Answer once the job is durably accepted."""
        spec = spec_from_message(await receive(stream))
        job = await self._runner.start(spec, owner=caller_name(stream))
        await stream.send_message(job_to_message(job, pb.RunJobRes))

    async def GetJobStatus(self, stream: Stream[pb.GetJobStatusReq, pb.GetJobStatusRes]) -> None:
        """Answer with the job as it is now."""
        request = await receive(stream)
        job = await self._runner.status(request.id)
        await stream.send_message(job_to_message(job, pb.GetJobStatusRes))

    async def StopJob(self, stream: Stream[pb.StopJobReq, pb.StopJobRes]) -> None:
        """Answer once the job is gone."""
        request = await receive(stream)
        job = await self._runner.stop(request.id, by=caller_name(stream), force=request.force)
        await stream.send_message(stopped_to_message(job))

    async def ListJobs(self, stream: Stream[pb.EmptyRequest, pb.Jobs]) -> None:
        """Answer with all jobs; too many for one message are RESOURCE_EXHAUSTED (`edge.py`)."""
        await receive(stream)
        jobs = await self._runner.list()
        await stream.send_message(pb.Jobs(jobs=[job_to_message(job, pb.Job) for job in jobs]))

    async def SearchJobs(self, stream: Stream[pb.SearchJobsReq, pb.SearchJobsRes]) -> None:
        """Answer with a page of the jobs asked for, as many as fit into a message."""
        search = search_from_message(await receive(stream))
        jobs = await self._runner.search(search)
        answer = pb.SearchJobsRes()
        room_bytes = self._payload_bytes - PAGE_OVERHEAD_BYTES
        for job in jobs:
            message = job_to_message(job, pb.Job)
            room_bytes -= message.ByteSize() + JOB_OVERHEAD_BYTES
            if room_bytes < 0 and answer.jobs:
                break
            answer.jobs.append(message)
            answer.nextPage = search.place_of(job)
        await stream.send_message(answer)

    async def GetVersion(self, stream: Stream[pb.EmptyRequest, pb.VersionRes]) -> None:
        """Answer with the version of the package that is installed."""
        await receive(stream)
        await stream.send_message(pb.VersionRes(version=version("joblet")))

    async def RemoveJobs(self, stream: Stream[pb.RemoveJobsReq, pb.EmptyRequest]) -> None:
        """Answer once all of them are gone."""
        request = await receive(stream)
        await self._runner.remove(request.ids)
        await stream.send_message(pb.EmptyRequest())

    async def RunJobWithFiles(self, stream: Stream[pb.UploadReq, pb.RunJobRes]) -> None:
        """Answer once the job is durably accepted, with all its files; without them there is none."""
        first = await receive_files(stream, timeout_seconds=self._slow_seconds)
        announced = Total(first.entries, first.contentBytes)
        received = self._received_files(stream, first)
        job = await self._runner.start_with(
            spec_from_message(first.job), received, announced, owner=caller_name(stream)
        )
        await stream.send_message(job_to_message(job, pb.RunJobRes))

    async def DownloadFiles(self, stream: Stream[pb.DownloadReq, pb.FilesChunk]) -> None:
        """Send the files as they are; flow control is the client's, so a slow one costs no memory."""
        request = await receive(stream)
        chunk_bytes = max(min(CHUNK_BYTES, self._payload_bytes // 4), 1)
        batches = self._runner.files(request.id, list(request.paths), chunk_bytes=chunk_bytes)
        async with aclosing(batches):
            async for batch in batches:
                answer = pb.FilesChunk(pieces=to_messages(batch))
                await send_output(stream, answer, timeout_seconds=self._slow_seconds)
        await stream.send_message(pb.FilesChunk(complete=True))

    async def _received_files(self, stream: Stream[pb.UploadReq, Any], first: pb.UploadReq) -> Batches:
        # Nobody asks for these before the job is sure to be taken: now the client may send them.
        await stream.send_initial_metadata()
        message = first
        while True:
            if message.pieces:
                yield from_messages(message.pieces)
            if message.complete:
                return
            message = await receive_files(stream, timeout_seconds=self._slow_seconds)

    async def WriteInput(self, stream: Stream[pb.InputReq, pb.InputRes]) -> None:
        """Answer with what the job has taken, until it takes no more."""
        await write_input(stream, self._runner, slow_seconds=self._slow_seconds)

    async def GetJobStats(self, stream: Stream[pb.GetJobStatsReq, pb.JobStats]) -> None:
        """Answer with what is known of the job's life until now."""
        request = await receive(stream)
        await stream.send_message(stats_to_message(await self._runner.stats(request.id)))

    async def GetJobLogs(self, stream: Stream[pb.GetJobLogsReq, pb.DataChunk]) -> None:
        """Send the log from the offset on; flow control is the client's, so a slow one costs no memory."""
        request = await receive(stream)
        # Before there is any output, so that a follower of a silent job knows that it is heard.
        await stream.send_initial_metadata()
        offset = await self._first_byte(request)
        chunks = self._runner.logs(request.id, offset=offset, follow=not request.noFollow)
        async with aclosing(chunks):
            async for chunk in chunks:
                for start in range(0, len(chunk), self._payload_bytes):
                    payload = chunk[start : start + self._payload_bytes]
                    chunk_message = pb.DataChunk(payload=payload, offset=offset)
                    await send_output(stream, chunk_message, timeout_seconds=self._slow_seconds)
                    offset += len(payload)

    async def _first_byte(self, request: pb.GetJobLogsReq) -> int:
        if not request.HasField("tailLines"):
            return request.offset
        if request.offset:
            raise InvalidRequestError("offset and tailLines: expected one of them")
        return await self._runner.tail_offset(request.id, request.tailLines)
