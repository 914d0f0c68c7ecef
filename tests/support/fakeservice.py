"""A JobletService that runs nothing: jobs and logs are what a test put there.

For the client's side of the wire; TLS, HTTP/2 and the messages are real.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grpclib.server import Stream

from joblet.config import GrpcConfig, RunnerConfig, ServerConfig, TlsConfig
from joblet.errors import JobletError, JobNotFoundError, JobNotRunningError, ServerError
from joblet.files.entry import Piece
from joblet.job import Ending, Job, JobSpec, Reason
from joblet.metrics import JobSample
from joblet.server import daemon
from joblet.server.meter import Meter
from joblet.wire.convert import job_to_message, stopped_to_message
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated import monitoring_pb2
from joblet.wire.generated.joblet_grpc import JobletServiceBase
from joblet.wire.generated.monitoring_grpc import MonitoringServiceBase
from joblet.wire.metrics import stats_to_message
from joblet.wire.pieces import from_messages
from joblet.wire.status import status_of
from joblet.wire.system import system_to_message
from joblet.wire.values import spec_from_message
from support.systems import SYSTEM

STARTED_AT = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
ENDED_AT = datetime(2024, 1, 15, 10, 45, tzinfo=UTC)


class FakeService(JobletServiceBase):
    """`jobs` and `logs` are for tests to fill; `error`, if set, answers every call.

    A log of a running job ends with `job_ended`; a call waits while `answering` is not set.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.logs: dict[str, list[bytes]] = {}
        self.stats: dict[str, list[JobSample]] = {}
        self.keys: dict[str, str] = {}
        self.requests: list[Any] = []
        self.list_error: JobletError | None = None
        self.files: list[pb.FilesChunk] = []
        self.files_error: JobletError | None = None
        self.uploaded: list[Piece] = []
        self.refuses_stop_of_ended = False
        self.error: JobletError | None = None
        self.called = asyncio.Event()
        self.answering = asyncio.Event()
        self.answering.set()
        self.log_sent = asyncio.Event()
        self.monitoring = FakeMonitoring()
        self.job_ended = asyncio.Event()
        self.cancelled = asyncio.Event()

    def add(self, spec: JobSpec, ending: Ending | None = None) -> Job:
        """Return a new job, ended if it has an ending, running otherwise."""
        job = Job(id=str(len(self.jobs) + 1), spec=spec, started_at=STARTED_AT, owner="tester").after_start(7)
        if ending:
            job = job.after_end(ending, ENDED_AT)
        self.jobs[job.id] = job
        return job

    def end(self, job_id: str, ending: Ending) -> Job:
        """Return the job, ended now."""
        self.jobs[job_id] = self.jobs[job_id].after_end(ending, ENDED_AT)
        return self.jobs[job_id]

    async def RunJob(self, stream: Stream[pb.RunJobReq, pb.RunJobRes]) -> None:  # noqa: N802  the RPC's name
        request = await self._received(stream)
        if request is None:
            return
        job_id = self.keys.get(request.key)
        job = self.jobs[job_id] if job_id else self.add(replace(spec_from_message(request), key=""))
        if request.key:
            self.keys[request.key] = job.id
        await stream.send_message(job_to_message(job, pb.RunJobRes))

    async def GetJobStatus(  # noqa: N802  the RPC's name
        self, stream: Stream[pb.GetJobStatusReq, pb.GetJobStatusRes]
    ) -> None:
        job = await self._requested_job(stream)
        if job:
            await stream.send_message(job_to_message(job, pb.GetJobStatusRes))

    async def StopJob(self, stream: Stream[pb.StopJobReq, pb.StopJobRes]) -> None:  # noqa: N802  the RPC's name
        job = await self._requested_job(stream)
        if job and job.status.is_terminal and self.refuses_stop_of_ended:
            await refuse(stream, JobNotRunningError(job.id, job.status))
        elif job:
            stopped = self.end(job.id, Ending(reason=Reason.STOPPED, signal=15))
            self.jobs[job.id] = replace(stopped, stopped_by="tester")
            await stream.send_message(stopped_to_message(self.jobs[job.id]))

    async def ListJobs(self, stream: Stream[pb.EmptyRequest, pb.Jobs]) -> None:  # noqa: N802  the RPC's name
        request = await self._received(stream)
        if request is not None and self.list_error:
            await refuse(stream, self.list_error)
        elif request is not None:
            jobs = [job_to_message(job, pb.Job) for job in self.jobs.values()]
            await stream.send_message(pb.Jobs(jobs=jobs))

    async def SearchJobs(self, stream: Stream[Any, pb.SearchJobsRes]) -> None:  # noqa: N802  the RPC's name
        """Give all jobs, whatever was asked for, one a page."""
        request = await self._received(stream)
        if request is None:
            return
        seen = int(request.page or 0)
        jobs = [job_to_message(job, pb.Job) for job in self.jobs.values()]
        page = f"{seen + 1}" if seen < len(jobs) else ""
        await stream.send_message(pb.SearchJobsRes(jobs=jobs[seen : seen + 1], nextPage=page))

    async def GetVersion(self, stream: Stream[Any, pb.VersionRes]) -> None:  # noqa: N802  the RPC's name
        """Answer with a version that is not ours."""
        if await self._received(stream) is not None:
            await stream.send_message(pb.VersionRes(version="9.9.9"))

    async def GetJobLogs(  # noqa: N802  the RPC's name
        self, stream: Stream[pb.GetJobLogsReq, pb.DataChunk]
    ) -> None:
        job = await self._requested_job(stream)
        if job:
            await stream.send_initial_metadata()
            request = self.requests[-1]
            position, wanted = 0, request.offset
            if request.HasField("tailLines"):
                wanted = self._tail_offset(job.id, request.tailLines)
            for payload in self.logs.get(job.id, []):
                rest = payload[max(0, wanted - position) :]
                position += len(payload)
                if rest:
                    await stream.send_message(pb.DataChunk(payload=rest, offset=position - len(rest)))
            self.log_sent.set()
            if not job.status.is_terminal and not self.requests[-1].noFollow:
                await self._until(self.job_ended)

    def _tail_offset(self, job_id: str, lines: int) -> int:
        every_line = b"".join(self.logs.get(job_id, [])).splitlines(keepends=True)
        return len(b"".join(every_line[: max(0, len(every_line) - lines)]))

    async def RemoveJobs(self, stream: Stream[Any, pb.EmptyRequest]) -> None:  # noqa: N802  the RPC's name
        """Forget these jobs, if there are all of them."""
        request = await self._received(stream)
        if request is None:
            return
        for job_id in request.ids:
            if job_id not in self.jobs:
                await refuse(stream, JobNotFoundError(job_id))
                return
        for job_id in request.ids:
            del self.jobs[job_id]
        await stream.send_message(pb.EmptyRequest())

    async def RunJobWithFiles(  # noqa: N802  the RPC's name
        self, stream: Stream[pb.UploadReq, pb.RunJobRes]
    ) -> None:
        """Take the files, unless `files_error` is to be told once something has come."""
        first = await self._received(stream)
        if first is None:
            return
        await stream.send_initial_metadata()
        self.uploaded = []
        is_complete = False
        while not is_complete:
            message = await stream.recv_message()
            assert message is not None
            self.uploaded.extend(from_messages(message.pieces))
            is_complete = message.complete
            if error := self.files_error:
                self.files_error = None
                await refuse(stream, error)
                return
        job = self.add(replace(spec_from_message(first.job), key=""))
        await stream.send_message(job_to_message(job, pb.RunJobRes))

    async def DownloadFiles(  # noqa: N802  the RPC's name
        self, stream: Stream[pb.DownloadReq, pb.FilesChunk]
    ) -> None:
        """Send `files` as they stand; `files_error`, if there is one, comes after them."""
        job = await self._requested_job(stream)
        if job is None:
            return
        for chunk in self.files:
            await stream.send_message(chunk)
        if error := self.files_error:
            self.files_error = None
            await refuse(stream, error)

    async def WriteInput(self, stream: Stream[Any, Any]) -> None:  # noqa: N802  the RPC's name
        await refuse(stream, ServerError("the fake takes no input"))

    async def GetJobStats(self, stream: Stream[Any, Any]) -> None:  # noqa: N802  the RPC's name
        job = await self._requested_job(stream)
        if job:
            await stream.send_message(stats_to_message(self.stats.get(job.id, [])))

    async def _requested_job(self, stream: Stream[Any, Any]) -> Job | None:
        request = await self._received(stream)
        if request is None:
            return None
        if request.id not in self.jobs:
            await refuse(stream, JobNotFoundError(request.id))
            return None
        return self.jobs[request.id]

    async def _received(self, stream: Stream[Any, Any]) -> Any:
        """Return the request, or None if it was answered with the error."""
        request = await stream.recv_message()
        self.requests.append(request)
        self.called.set()
        await self._until(self.answering)
        if self.error:
            await refuse(stream, self.error)
            return None
        return request

    async def _until(self, event: asyncio.Event) -> None:
        try:
            await event.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


class FakeMonitoring(MonitoringServiceBase):
    """A MonitoringService whose host is always the same: `answers` times, then the stream is over."""

    def __init__(self) -> None:
        self.system = SYSTEM
        self.answers = 3
        self.requests: list[Any] = []

    async def GetSystemStatus(self, stream: Stream[Any, monitoring_pb2.SystemStatusRes]) -> None:  # noqa: N802  the RPC's name
        self.requests.append(await stream.recv_message())
        await stream.send_message(system_to_message(self.system, monitoring_pb2.SystemStatusRes))

    async def StreamSystemMetrics(  # noqa: N802  the RPC's name
        self, stream: Stream[Any, monitoring_pb2.SystemMetricsRes]
    ) -> None:
        self.requests.append(await stream.recv_message())
        for _ in range(self.answers):
            await stream.send_message(system_to_message(self.system, monitoring_pb2.SystemMetricsRes))


async def refuse(stream: Stream[Any, Any], error: JobletError) -> None:
    """Answer with an error, as a server does."""
    status, message, metadata = status_of(error)
    await stream.send_trailing_metadata(status=status, status_message=message, metadata=metadata)


@asynccontextmanager
async def serving(service: FakeService, tls: TlsConfig, *, port: int = 0) -> AsyncIterator[str]:
    """Yield the address at which the services are served, as the daemon serves, while the block runs."""
    config = ServerConfig(
        tls=tls,
        runner=RunnerConfig(state_dir=Path("/nonexistent")),
        address="127.0.0.1",
        port=port,
        grpc=GrpcConfig(drain_timeout_seconds=0.1),
    )
    async with daemon.serving(config, [service, service.monitoring], Meter()) as (host, bound_port):
        yield f"{host}:{bound_port}"
