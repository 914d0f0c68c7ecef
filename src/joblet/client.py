"""The verbs of `JobRunner` over the wire: same names, same values, typed errors.

Works wherever Python does. A connection is made at the first call, and again
whenever it was lost. What a lost connection leaves open is asked again, since
asking twice does no harm: a start carries a key, so that the server starts one
job however often it is asked; a log goes on at the byte at which it broke off.
The exceptions are a removal, and the first connection of all: a server that
was never there is likelier a wrong address than one that restarts.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from grpclib.client import Stream

from joblet.errors import JobNotRunningError
from joblet.feeding import Feeding
from joblet.job import Job, JobSpec, JobStatus, Terminal
from joblet.search import Search
from joblet.wire.caller import Receive
from joblet.wire.convert import search_to_message, sendable_id, spec_to_message
from joblet.wire.cursor import Cursor
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.inputcall import InputCall
from joblet.wire.serverclient import ServerClient
from joblet.wire.tries import Tries
from joblet.wire.values import job_from_message

if TYPE_CHECKING:  # imported where they are used: most programs bring no files and ask for no figures
    from joblet.files.local import Paths, StrPath
    from joblet.files.stream import Downloaded
    from joblet.metrics import JobSample, Kind, SystemMetrics
    from joblet.wire.pieces import OnProgress

KEY_BYTES = 16
BEYOND_ANY_LOG = 2**63 - 1
"""A log from here on has no bytes, but an end."""


class Client(ServerClient[JobletServiceStub]):
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

    _stub_type = JobletServiceStub

    async def start(
        self, spec: JobSpec, *, files: Paths = (), folders: Paths = (), on_progress: OnProgress | None = None
    ) -> Job:
        """Start a job, once, and return it when it is durably accepted.

        A spec without a key gets one of its own for the purpose. Each of the
        files is in /work before the command starts, under its own name, and so
        is what the folders contain; or there is no job. Nothing is sent before
        all of it was looked at, and all of it is sent again when the connection
        is lost. `on_progress` is told how many bytes were sent, and of how many.

        Raises:
            InvalidRequestError: the command, a limit or a file is refused.
            FileAccessError: a file cannot be read.
            WorkspaceTooLargeError: the files are more than a job may bring.
            TooManyJobsError: the server runs as many as it may.
            HostError: the server cannot isolate or limit it.

        """
        keyed = spec if spec.key else replace(spec, key=os.urandom(KEY_BYTES).hex())
        request, tries = spec_to_message(keyed), self._caller.tries()
        if not files and not folders:
            answer = await self._caller.call(self._stub.RunJob, request, tries)
            return job_from_message(answer)
        from joblet.files.local import LocalFiles  # noqa: PLC0415  see above
        from joblet.wire.pieces import ignore  # noqa: PLC0415
        from joblet.wire.transfer import upload  # noqa: PLC0415

        local = LocalFiles(files, folders)
        uploaded = await upload(
            self._caller, self._stub.RunJobWithFiles, request, local, on_progress or ignore
        )
        return job_from_message(uploaded)

    async def download(
        self,
        job_id: str,
        folder: StrPath,
        paths: Sequence[StrPath] = (),
        *,
        on_progress: OnProgress | None = None,
    ) -> Downloaded:
        """Bring files of a job's /work, all of it or these paths below it, to a folder here.

        Nothing changes there before everything has come; then each file is in
        its place at once, or in that of the one that was there. While the job
        runs, its files are taken as they are at the moment. The whole is
        asked for again when the connection is lost.

        Raises:
            JobNotFoundError: no job has this id.
            PathNotFoundError: its /work has no such path, or not yet.
            InvalidRequestError: a path is malformed.
            FileAccessError: the files cannot be written.

        """
        from joblet.files.local import path_bytes  # noqa: PLC0415  see above
        from joblet.wire.pieces import ignore  # noqa: PLC0415
        from joblet.wire.transfer import download  # noqa: PLC0415

        request = pb.DownloadReq(id=sendable_id(job_id), paths=map(path_bytes, paths))
        method = self._stub.DownloadFiles
        return await download(self._caller, method, request, os.fspath(folder), on_progress or ignore)

    async def stop(self, job_id: str, *, force: bool = False) -> Job:
        """Stop a job; return it once it is terminal and gone.

        It takes as long as the job's grace period, which `force` leaves out:
        bound it with `asyncio.timeout`.

        Raises:
            JobNotFoundError: no job has this id.
            JobNotRunningError: it has ended already.

        """
        tries = self._caller.tries()
        request = pb.StopJobReq(id=sendable_id(job_id), force=force)
        try:
            await self._caller.call(self._stub.StopJob, request, tries, has_deadline=False)
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
        request = pb.GetJobStatusReq(id=sendable_id(job_id))
        answer = await self._caller.call(self._stub.GetJobStatus, request, self._caller.tries())
        return job_from_message(answer)

    async def stats(self, job_id: str) -> Sequence[JobSample]:
        """Return what a job had used at moments of its life, from its acceptance to its end or to now.

        Raises:
            JobNotFoundError: no job has this id.

        """
        request = pb.GetJobStatsReq(id=sendable_id(job_id))
        answer = await self._caller.call(self._stub.GetJobStats, request, self._caller.tries())
        from joblet.wire.metrics import stats_from_message  # noqa: PLC0415  see above

        return stats_from_message(answer)

    async def list(self) -> list[Job]:
        """Return all jobs, oldest first.

        Raises:
            MessageTooLargeError: they are too many for one message; `search` gives them in pages.

        """
        answer = await self._caller.call(self._stub.ListJobs, pb.EmptyRequest(), self._caller.tries())
        return [job_from_message(message) for message in answer.jobs]

    async def search(self, search: Search) -> AsyncGenerator[Job, None]:
        """Yield the jobs that are asked for, in the order that is asked for, page by page.

        Raises:
            InvalidRequestError: the server does not understand the question.

        """
        while True:
            request = search_to_message(search)
            answer = await self._caller.call(self._stub.SearchJobs, request, self._caller.tries())
            for message in answer.jobs:
                yield job_from_message(message)
            if not answer.nextPage:
                return
            search = replace(search, after=answer.nextPage)

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none.

        Not asked again when its answer is lost: the jobs are then gone, or not.

        Raises:
            JobNotFoundError: one of them is not there.
            JobRunningError: one of them has not ended.

        """
        request = pb.RemoveJobsReq(ids=map(sendable_id, job_ids))
        await self._caller.call(self._stub.RemoveJobs, request, Tries(0))

    async def version(self) -> str:
        """Return the server's version."""
        answer = await self._caller.call(self._stub.GetVersion, pb.EmptyRequest(), self._caller.tries())
        return answer.version

    async def system(self) -> SystemMetrics:
        """Return how the server's host is doing, measured over a short time, and its running jobs.

        Raises:
            ServerError: the server has no MonitoringService, or its answer makes no sense.

        """
        from joblet.wire import system as wire  # noqa: PLC0415  most programs never ask
        from joblet.wire.generated.monitoring_grpc import MonitoringServiceStub  # noqa: PLC0415

        stub = MonitoringServiceStub(self._caller.channel)
        request = pb.EmptyRequest()
        answer = await self._caller.call(stub.GetSystemStatus, request, self._caller.tries())
        return wire.system_from_message(answer)

    async def watch_system(
        self, interval_seconds: int = 0, kinds: Collection[Kind] = ()
    ) -> AsyncGenerator[SystemMetrics, None]:
        """Yield how the server's host is doing, soon and then in each interval; of some kinds, or of all.

        An interval of 0 is the server's own. A lost connection is made again, as
        for a log. Close the generator (`contextlib.aclosing`) to end it.

        Raises:
            InvalidRequestError: the interval is negative, or longer than the server takes.
            ServerError: the server has no MonitoringService, or an answer makes no sense.

        """
        from joblet.wire import system as wire  # noqa: PLC0415  most programs never ask
        from joblet.wire.generated.monitoring_grpc import MonitoringServiceStub  # noqa: PLC0415

        stub = MonitoringServiceStub(self._caller.channel)
        request = wire.watch_to_message(interval_seconds, kinds)
        async with aclosing(self._caller.stream(stub.StreamSystemMetrics, lambda: request)) as answers:
            async for answer in answers:
                yield wire.system_from_message(answer)

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
        cursor = Cursor(sendable_id(job_id), offset=offset, follow=follow, tail_lines=tail_lines)
        async with aclosing(self._caller.stream(self._stub.GetJobLogs, cursor.request)) as chunks:
            async for chunk in chunks:
                if payload := cursor.fresh(chunk):
                    yield payload

    async def write_input(
        self,
        job_id: str,
        content: AsyncIterable[bytes],
        *,
        sizes: AsyncIterable[Terminal] | None = None,
        on_connection: Callable[[bool], None] | None = None,
    ) -> None:
        """Write to the job's input, behind what it was given before, and then the end of file.

        `sizes` are those of its terminal, as they change. Returns when the job
        takes no more: it was given all of it, has closed its input, or ended. Each
        byte is given once and in order, however often the connection is lost;
        `on_connection` is told False of a loss, and True when the server answers.

        Raises:
            JobNotFoundError: no job has this id.
            JobNotRunningError: it has ended.
            InvalidRequestError: it has no input.
            InputReplacedError: another call writes to it now.

        """
        request = pb.InputReq(id=sendable_id(job_id))

        async def talk(stream: Stream[pb.InputReq, pb.InputRes], receive: Receive[pb.InputRes]) -> None:
            await stream.send_message(request)
            await feeding.over(InputCall(stream, receive))

        async with Feeding(job_id, content, sizes) as feeding:
            try:
                await self._caller.converse(self._stub.WriteInput, talk, on_connection=on_connection)
            except JobNotRunningError:
                if not feeding.has_begun:
                    raise  # and otherwise it ended while the connection was lost
