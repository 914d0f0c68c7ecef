"""`JobRunner` and `Client` for scripts and notebooks: the same verbs, and each waits for its answer.

    with joblet.sync.Client(node) as client:
        job = client.start(JobSpec("make", ("test",)))
        for chunk in client.logs(job.id):
            ...

Nothing is decided here: every verb is the asynchronous one, run in a private
event loop thread (`portal.py`). Any number of threads may use one object.
Ctrl-C ends what waits, and leaves the job running; `joblet.run` stops its job.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Self, TypeVar

from joblet.config import Node, RunnerConfig
from joblet.errors import JobletError
from joblet.files.local import Paths, StrPath
from joblet.files.stream import Downloaded
from joblet.job import Job, JobSpec
from joblet.metrics import JobSample
from joblet.place import Place
from joblet.portal import Portal

Result = TypeVar("Result")


class BlockingPlace:
    """The verbs of a `Place`, for a thread that waits; use as `with ... as place:`, or `open` and `close`."""

    def __init__(self, place: AbstractAsyncContextManager[Place]) -> None:
        self._opening = place
        self._place: Place
        self._portal = Portal()

    def open(self) -> Self:
        """Start the event loop thread and enter the place; return this object.

        Raises:
            JobletError: as entering the place does.

        """
        self._portal.open()
        try:
            self._place = self._portal.call(self._opening.__aenter__())
        except BaseException:
            self._portal.close()
            raise
        return self

    def close(self) -> None:
        """Leave the place and end the thread; jobs run on. A second time does nothing."""
        if self._portal.is_open:
            try:
                self._portal.call(self._leave())
            finally:
                self._portal.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def call(self, use: Callable[[Place], Coroutine[Any, Any, Result]]) -> Result:
        """Run what `use` makes of the asynchronous place in its loop; return its result.

        Raises:
            RuntimeError: this place is not open.

        """
        return self._portal.call(self._used(use))

    def start(self, spec: JobSpec, *, files: Paths = (), folders: Paths = ()) -> Job:
        """Start a job, with files and what folders contain in its /work; return it once it is accepted.

        Raises:
            InvalidRequestError: the command, a limit or a file is refused.
            FileAccessError: a file cannot be read.
            WorkspaceTooLargeError: the files are more than a job may bring.
            TooManyJobsError: as many jobs run as may.
            HostError: the host cannot isolate or limit it.

        """
        return self.call(lambda place: place.start(spec, files=files, folders=folders))

    def download(self, job_id: str, folder: StrPath, paths: Sequence[StrPath] = ()) -> Downloaded:
        """Bring files of a job's /work, all of it or these paths below it, to a folder here.

        Raises:
            JobNotFoundError: no job has this id.
            PathNotFoundError: its /work has no such path, or not yet.
            InvalidRequestError: a path is malformed.
            FileAccessError: the files cannot be written.

        """
        return self.call(lambda place: place.download(job_id, folder, paths))

    def stop(self, job_id: str, *, force: bool = False) -> Job:
        """Stop a job, with `force` without a grace period; return it once it is STOPPED and gone.

        Raises:
            JobNotFoundError: no job has this id.
            JobNotRunningError: it has ended already.

        """
        return self.call(lambda place: place.stop(job_id, force=force))

    def stop_nowait(self, job_id: str) -> None:
        """Ask for a job to be stopped, and wait for nothing; `wait` tells what became of it.

        Raises:
            RuntimeError: this place is not open.

        """
        self._portal.require_open()
        self._portal.spawn(_stopped(self._place, job_id))

    def status(self, job_id: str) -> Job:
        """Return the job as it is now.

        Raises:
            JobNotFoundError: no job has this id.

        """
        return self.call(lambda place: place.status(job_id))

    def stats(self, job_id: str) -> Sequence[JobSample]:
        """Return what a job had used at moments of its life, from its acceptance to its end or to now.

        Raises:
            JobNotFoundError: no job has this id.

        """
        return self.call(lambda place: place.stats(job_id))

    def list(self) -> Sequence[Job]:
        """Return all jobs, oldest first."""
        return self.call(lambda place: place.list())

    def wait(self, job_id: str) -> Job:
        """Return the job once it is terminal.

        Raises:
            JobNotFoundError: no job has this id.

        """
        return self.call(lambda place: place.wait(job_id))

    def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none.

        Raises:
            JobNotFoundError: one of them is not there.
            JobRunningError: one of them has not ended.

        """
        self.call(lambda place: place.remove(job_ids))

    def write_input(self, job_id: str, content: Iterable[bytes]) -> None:
        """Write to the job's input, behind what it was given before, and then the end of file.

        Returns when the job takes no more: it was given all of it, has closed
        its input, or ended. What makes `content` is called in another thread.

        Raises:
            JobNotFoundError: no job has this id.
            JobNotRunningError: it has ended.
            InvalidRequestError: it has no input.
            InputReplacedError: another call writes to it now.

        """
        self.call(lambda place: place.write_input(job_id, _without_blocking(content)))

    def logs(self, job_id: str, *, offset: int = 0, follow: bool = True) -> Generator[bytes, None, None]:
        """Yield the job's output from a byte offset; with `follow`, to its very end.

        Leaving the loop early ends it.

        Raises:
            JobNotFoundError: no job has this id.
            InvalidRequestError: the offset is negative.

        """
        self._portal.require_open()
        chunks = self._place.logs(job_id, offset=offset, follow=follow)
        try:
            while (chunk := self._portal.call(_next(chunks))) is not None:
                yield chunk
        finally:
            self._portal.call_or_spawn(_closed(chunks))

    async def _used(self, use: Callable[[Place], Coroutine[Any, Any, Result]]) -> Result:
        return await use(self._place)

    async def _leave(self) -> None:
        await self._opening.__aexit__(None, None, None)


class Client(BlockingPlace):
    """Calls one server: `joblet.Client`, waiting for each answer.

    Raises:
        ConfigurationError: the node's certificate and key are not a pair.

    """

    def __init__(
        self, node: Node, *, timeout_seconds: float | None = None, patience_seconds: float | None = None
    ) -> None:
        from joblet.client import Client  # noqa: PLC0415  not before a server is called: TLS and gRPC take a while

        said = {"timeout_seconds": timeout_seconds, "patience_seconds": patience_seconds}
        super().__init__(Client(node, **{name: value for name, value in said.items() if value is not None}))


class JobRunner(BlockingPlace):
    """Runs jobs on this host, as root, without a server: `joblet.JobRunner`, waiting for each answer."""

    def __init__(self, config: RunnerConfig) -> None:
        from joblet.runner.supervisor import JobRunner  # noqa: PLC0415  the client half needs no Linux

        super().__init__(JobRunner(config))


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(chunks, None)


async def _closed(chunks: AsyncGenerator[bytes, None]) -> None:
    await chunks.aclose()


async def _without_blocking(content: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    blocks = iter(content)
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block


async def _stopped(place: Place, job_id: str) -> None:
    with suppress(JobletError):  # it has ended, or cannot be reached: its status says so
        await place.stop(job_id)
