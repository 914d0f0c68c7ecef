"""Runs jobs on this host: start, stop, status, list, logs, wait.

`JobRunner` is the library's local face and what the server serves. It is the
only writer of its state directory. Jobs do not need it to live: leaving the
context lets go of them, and the next runner on the same directory takes them
up again, with whatever happened in between.

A start proceeds in this order, so that a crash at any point leaves something
true: limits checked, row inserted (durable; the id is given), directory made,
cgroups made, shim spawned. Restore sees how far it came.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Self

from joblet.config import RunnerConfig
from joblet.errors import (
    InvalidRequestError,
    JobNotFoundError,
    JobNotRunningError,
    JobRunningError,
    StorageError,
)
from joblet.feeding import Feeding
from joblet.files.entry import Total
from joblet.files.local import LocalFiles, Paths, StrPath, path_bytes
from joblet.files.pack import CHUNK_BYTES
from joblet.files.stream import Batches, Downloaded, batches, save
from joblet.files.thread import in_thread
from joblet.job import Job, JobSpec, JobStatus, Terminal
from joblet.linux.inotify import Inotify
from joblet.linux.sparefd import SpareFd
from joblet.metrics import JobSample
from joblet.runner import logs
from joblet.runner.admission import Admission
from joblet.runner.host import read_host
from joblet.runner.input import Inputs, JobInput
from joblet.runner.launch import Launcher
from joblet.runner.livejobs import LiveJobs
from joblet.runner.observer import Observer
from joblet.runner.restore import restore_index
from joblet.runner.retention import Retention
from joblet.runner.sampler import Measured, Sampler, current, is_running, measure
from joblet.runner.samples import read_samples, whole_life
from joblet.runner.statedir import StateDirectory
from joblet.runner.store import Store
from joblet.runner.uploads import Uploads, sweep
from joblet.runner.work import read_work
from joblet.search import Search


class JobRunner:
    """Runs jobs on this host; use as `async with JobRunner(config) as runner:`.

    Entering raises StateDirectoryInUseError, StorageError, ConfigurationError,
    or a HostError that says why jobs cannot be isolated here. `observer` is told
    of starts and ends as they happen (`joblet.runner.observer`).
    """

    def __init__(self, config: RunnerConfig, *, observer: Observer | None = None) -> None:
        self._config = config
        self._observer = observer or Observer()
        self._resources = AsyncExitStack()
        self._launcher: Launcher
        self._directory: StateDirectory
        self._store: Store
        self._inotify: Inotify
        self._retention: Retention
        self._live: LiveJobs
        self._inputs = Inputs()
        self._sampler: Sampler
        self._admission: Admission

    async def __aenter__(self) -> Self:
        host = read_host(self._config)
        async with AsyncExitStack() as entered:
            self._directory = entered.enter_context(StateDirectory(self._config.state_dir))
            self._store = await entered.enter_async_context(Store(self._directory.index_path))
            self._inotify = entered.enter_context(Inotify())
            spare = entered.enter_context(SpareFd())
            self._launcher = Launcher(self._config, host, self._directory.instance)
            self._sampler = entered.enter_context(Sampler())
            self._retention = Retention(self._config.retention, self._store, self._directory)
            self._live = LiveJobs(
                launcher=self._launcher,
                directory=self._directory,
                store=self._store,
                inotify=self._inotify,
                spare=spare,
                retention=self._retention,
                sampler=self._sampler,
                observer=self._observer,
            )
            entered.push_async_callback(self._live.let_go)
            uploads = Uploads(self._directory.uploads_path, host.account, self._config.max_workspace_bytes)
            leftovers = uploads.leftovers()  # before there can be another upload
            self._admission = Admission(self._config, self._launcher, self._live, self._store, uploads)
            await restore_index(self._store, self._directory)
            await self._live.restore()
            self._live.run(self._retention.run())
            self._live.run(self._sampler.run())
            self._live.run(sweep(leftovers))
            self._resources = entered.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    async def start(self, spec: JobSpec, *, owner: str = "", files: Paths = (), folders: Paths = ()) -> Job:
        """Accept a job durably, set its limits, start it, and return it as INITIALIZING.

        A command that cannot be executed is a job that fails, not an error
        here. Once accepted, a job is started even if the caller is cancelled.
        With a key that this owner has used before it returns the job of then.
        Each of the files is copied to /work before, under its own name, and so
        is what the folders contain.

        Raises:
            InvalidLimitError: a limit is malformed or above what is granted.
            InvalidRequestError: a file is refused, or the key was used for a different job.
            FileAccessError: a file cannot be read.
            WorkspaceTooLargeError: the files are more than `max_workspace_bytes`.
            TooManyJobsError: `max_concurrent_jobs` are running.
            HostError: this host could not start it; what was accepted is FAILED.

        """
        if local := LocalFiles(files, folders):
            total = await in_thread(local.survey)
            return await self.start_with(spec, batches(local.pack()), total, owner=owner)
        return await self._admission.start(spec, owner)

    async def start_with(self, spec: JobSpec, received: Batches, announced: Total, *, owner: str = "") -> Job:
        """Start a job as `start` does, with files still to be received: all of them, or there is no job.

        They are not looked at if the job is refused, or there is one with its
        key. Meanwhile the job has its place among those that may run.

        Raises:
            InvalidRequestError, WorkspaceTooLargeError, TooManyJobsError, HostError: as `start`.
            JobletError: what receiving raises.

        """
        return await self._admission.start_with(spec, received, announced, owner)

    async def stop(self, job_id: str, *, by: str = "", force: bool = False) -> Job:
        """Stop a job (SIGTERM, grace period, SIGKILL; by `force` SIGKILL at once); return it once it is gone.

        Raises:
            JobNotFoundError: no such job.
            JobNotRunningError: it has ended, perhaps by itself a moment ago.

        """
        live = self._live.get(job_id)
        if live:
            await live.stop(by, force=force)
        job = live.job if live else await self.status(job_id)
        if live is None or job.status is not JobStatus.STOPPED:
            raise JobNotRunningError(job.id, job.status)
        return job

    async def status(self, job_id: str) -> Job:
        """Return the job as it is now, with what it has used so far if it runs.

        Raises:
            JobNotFoundError: no such job.

        """
        if live := self._live.get(job_id):
            return current(live)
        if job := self._live.job(job_id) or await self._store.get(job_id):
            return job
        raise JobNotFoundError(job_id)

    async def list(self) -> Sequence[Job]:
        """Return all jobs, oldest first."""
        return await self._with_usage(self._live.current(await self._store.list()))

    async def search(self, search: Search) -> Sequence[Job]:
        """Return the next page of the jobs that are asked for; it is empty after the last one.

        Conditions and order are the index's, which a full disk may have kept from knowing of an end.
        """
        return await self._with_usage(self._live.current(await self._store.search(search)))

    async def stats(self, job_id: str) -> Sequence[JobSample]:
        """Return what a job had used at moments of its life, from its acceptance to its end or to now.

        While no runner was there, nothing was sampled.

        Raises:
            JobNotFoundError: no such job.
            StorageError: the samples cannot be read.

        """
        await self.status(job_id)  # so that no path is made of an id that is none
        try:
            sampled = await asyncio.to_thread(read_samples, self._directory.job(job_id).samples_path)
        except OSError as error:
            raise StorageError(f"{error.filename}: {error.strerror}") from error
        live = self._live.get(job_id)
        now = measure(live).sample if live and is_running(live) else None
        return whole_life(await self.status(job_id), sampled, now)

    @property
    def live_count(self) -> int:
        """How many jobs have not ended."""
        return len(self._live)

    async def measure(self) -> Sequence[Measured]:
        """Return every running job with what it has used so far, oldest first."""
        return list((await self._sampler.measure()).values())

    async def _with_usage(self, jobs: Sequence[Job]) -> Sequence[Job]:
        measured = await self._sampler.measure()
        # As it was before the measurement, if it has ended meanwhile: the caller's list is of one moment.
        return [measured[job.id].job if job.id in measured else job for job in jobs]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none, even if the caller is cancelled.

        Raises:
            JobNotFoundError: one of them is not there.
            JobRunningError: one of them has not ended.
            StorageError: the disk does not let them go.

        """
        job_ids = list(dict.fromkeys(job_ids))
        for job_id in job_ids:
            job = await self.status(job_id)
            if not job.status.is_terminal:
                raise JobRunningError(job_id, job.status)
        self._live.forget(job_ids)
        await self._live.finish(self._retention.remove(job_ids))

    async def wait_started(self, job_id: str) -> Job:
        """Return the job once its command executes, which may then have ended, or never will.

        Raises:
            JobNotFoundError: no such job.

        """
        live = self._live.get(job_id)
        return await live.wait_started() if live else await self.status(job_id)

    async def wait(self, job_id: str) -> Job:
        """Return the job once it is terminal.

        Raises:
            JobNotFoundError: no such job.

        """
        live = self._live.get(job_id)
        return await live.wait_ended() if live else await self.status(job_id)

    async def logs(self, job_id: str, *, offset: int = 0, follow: bool = True) -> AsyncGenerator[bytes, None]:
        """Yield the job's output from a byte offset; with `follow`, to its very end.

        An offset beyond the end yields nothing.

        Raises:
            JobNotFoundError: no such job.
            InvalidRequestError: the offset is negative.

        """
        if offset < 0:
            raise InvalidRequestError(f"offset must not be negative (got {offset})")
        live = self._live.get(job_id)
        if live and follow:
            chunks = logs.follow(live, offset, self._inotify)
        else:
            path, size = await self._log_so_far(job_id)
            chunks = logs.read(path, offset, size)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def files(
        self, job_id: str, paths: Sequence[bytes] = (), *, chunk_bytes: int = CHUNK_BYTES
    ) -> Batches:
        """Yield the files of a job's /work, all of it or these paths below it, as they are at the moment.

        Raises:
            JobNotFoundError: no such job, or no longer.
            PathNotFoundError: its /work has no such path.
            InvalidFileError: a path is malformed.
            StorageError: they cannot be read.

        """
        await self.status(job_id)
        async with aclosing(read_work(self._directory.job(job_id), paths, chunk_bytes)) as packed:
            async for batch in packed:
                yield batch
        await self.status(job_id)  # had it been removed meanwhile, files may be missing

    async def download(self, job_id: str, folder: StrPath, paths: Sequence[StrPath] = ()) -> Downloaded:
        """Copy files of a job's /work, all of it or these paths below it, to a folder.

        Nothing changes there before everything was read; then each file is in
        its place at once, or in that of the one that was there.

        Raises:
            JobNotFoundError: no such job.
            PathNotFoundError: its /work has no such path, or not yet.
            InvalidRequestError: a path is malformed.
            FileAccessError: the files cannot be written.
            StorageError: they cannot be read.

        """
        async with aclosing(self.files(job_id, [path_bytes(path) for path in paths])) as received:
            return await save(received, os.fspath(folder))

    async def write_input(
        self, job_id: str, content: AsyncIterable[bytes], *, sizes: AsyncIterable[Terminal] | None = None
    ) -> None:
        """Write to the job's input, behind what it was given before, and then the end of file.

        `sizes` are those of its terminal, as they change. Returns when the job
        takes no more: it was given all of it, has closed its input, or ended.

        Raises:
            JobNotFoundError: no such job.
            JobNotRunningError: it has ended.
            InvalidRequestError: it has no input.
            InputReplacedError: another call writes to it now.

        """
        async with self.open_input(job_id) as job_input, Feeding(job_id, content, sizes) as feeding:
            await feeding.over(job_input)

    @asynccontextmanager
    async def open_input(self, job_id: str) -> AsyncIterator[JobInput]:
        """Yield a connection to the job's input, once it runs; raises as `write_input` does."""
        live = self._live.get(job_id)
        if live is None:
            job = await self.status(job_id)
            raise JobNotRunningError(job.id, job.status)
        async with self._inputs.open(live) as job_input:
            yield job_input

    async def tail_offset(self, job_id: str, lines: int) -> int:
        """Return the offset at which the last so many lines of the output so far begin.

        Raises:
            JobNotFoundError: no such job.
            InvalidRequestError: the number of lines is negative.

        """
        if lines < 0:
            raise InvalidRequestError(f"number of lines must not be negative (got {lines})")
        path, size = await self._log_so_far(job_id)
        return await asyncio.to_thread(logs.tail_offset, path, lines, size)

    async def _log_so_far(self, job_id: str) -> tuple[Path, int]:
        job = await self.status(job_id)
        directory = self._directory.job(job_id)
        return directory.log_path, job.ending.log_bytes if job.ending else directory.log_bytes()
