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
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing
from contextvars import Context
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from joblet.config import RunnerConfig
from joblet.errors import (
    InvalidRequestError,
    JobletError,
    JobNotFoundError,
    JobNotRunningError,
    JobRunningError,
    TooManyJobsError,
)
from joblet.job import Job, JobSpec, JobStatus
from joblet.limits import resolve
from joblet.linux.inotify import Inotify
from joblet.linux.sparefd import SpareFd
from joblet.runner import logs
from joblet.runner.eventlog import get_logger
from joblet.runner.host import read_host
from joblet.runner.launch import Launcher
from joblet.runner.live import LiveJob
from joblet.runner.restore import restore_index
from joblet.runner.retention import Retention
from joblet.runner.shim import adopt
from joblet.runner.statedir import StateDirectory
from joblet.runner.store import Store
from joblet.search import Search

log = get_logger()


class JobRunner:
    """Runs jobs on this host; use as `async with JobRunner(config) as runner:`.

    Entering raises StateDirectoryInUseError, StorageError, ConfigurationError,
    or a HostError that says why jobs cannot be isolated here.
    """

    def __init__(self, config: RunnerConfig) -> None:
        self._config = config
        self._live: dict[str, LiveJob] = {}
        self._unsaved: dict[str, Job] = {}
        self._accepting = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._resources = AsyncExitStack()
        self._launcher: Launcher
        self._directory: StateDirectory
        self._store: Store
        self._inotify: Inotify
        self._spare: SpareFd
        self._retention: Retention

    async def __aenter__(self) -> Self:
        host = read_host(self._config)
        async with AsyncExitStack() as entered:
            self._directory = entered.enter_context(StateDirectory(self._config.state_dir))
            self._store = await entered.enter_async_context(Store(self._directory.index_path))
            self._inotify = entered.enter_context(Inotify())
            self._spare = entered.enter_context(SpareFd())
            entered.push_async_callback(self._let_go)
            self._launcher = Launcher(self._config, host, self._directory.instance)
            self._retention = Retention(self._config.retention, self._store, self._directory)
            await self._restore()
            self._spawn(self._retention.run())
            self._resources = entered.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    async def start(self, spec: JobSpec, *, owner: str = "") -> Job:
        """Accept a job durably, set its limits, start it, and return it as INITIALIZING.

        A command that cannot be executed is a job that fails, not an error
        here. Once accepted, a job is started even if the caller is cancelled.
        With a key that this owner has used before it returns the job of then.

        Raises:
            InvalidLimitError: a limit is malformed or above what is granted.
            InvalidRequestError: the key was used for a different job.
            TooManyJobsError: `max_concurrent_jobs` are running.
            HostError: this host could not start it; what was accepted is FAILED.

        """
        ceilings = self._launcher.host.ceilings
        limits = resolve(spec.limits, defaults=self._config.defaults, ceilings=ceilings)
        accepted = replace(spec, limits=limits)
        self._launcher.check(accepted)
        # Before the count: the first try of a start may itself have taken the last place.
        if spec.key and (earlier := await self._store.get_by_key(owner, spec.key)):
            return await self._same_again(earlier, accepted)
        if len(self._live) + self._accepting >= self._config.max_concurrent_jobs:
            raise TooManyJobsError(self._config.max_concurrent_jobs)
        return await asyncio.shield(self._spawn(self._accept(accepted, owner)))

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
        """Return the job as it is now.

        Raises:
            JobNotFoundError: no such job.

        """
        if live := self._live.get(job_id):
            return live.job
        if job := self._unsaved.get(job_id):
            return job
        if job := await self._store.get(job_id):
            return job
        raise JobNotFoundError(job_id)

    async def list(self) -> Sequence[Job]:
        """Return all jobs, oldest first."""
        current = {job_id: live.job for job_id, live in self._live.items()} | self._unsaved
        return [current.get(job.id, job) for job in await self._store.list()]

    async def search(self, search: Search) -> Sequence[Job]:
        """Return the next page of the jobs that are asked for; it is empty after the last one.

        Conditions and order are the index's, which a full disk may have kept from knowing of an end.
        """
        current = {job_id: live.job for job_id, live in self._live.items()} | self._unsaved
        return [current.get(job.id, job) for job in await self._store.search(search)]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none.

        Raises:
            JobNotFoundError: one of them is not there.
            JobRunningError: one of them has not ended.
            StorageError: the disk does not let them go.

        """
        for job_id in job_ids:
            job = await self.status(job_id)
            if not job.status.is_terminal:
                raise JobRunningError(job_id, job.status)
        for job_id in job_ids:
            self._unsaved.pop(job_id, None)
        await self._retention.remove(job_ids)

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
            job = await self.status(job_id)
            directory = self._directory.job(job_id)
            size = job.ending.log_bytes if job.ending else directory.log_bytes()
            chunks = logs.read(directory.log_path, offset, size)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def tail_offset(self, job_id: str, lines: int) -> int:
        """Return the offset at which the last so many lines of the output so far begin.

        Raises:
            JobNotFoundError: no such job.
            InvalidRequestError: the number of lines is negative.

        """
        if lines < 0:
            raise InvalidRequestError(f"number of lines must not be negative (got {lines})")
        job = await self.status(job_id)
        directory = self._directory.job(job_id)
        size = job.ending.log_bytes if job.ending else directory.log_bytes()
        return await asyncio.to_thread(logs.tail_offset, directory.log_path, lines, size)

    async def _accept(self, spec: JobSpec, owner: str) -> Job:
        self._accepting += 1
        try:
            job, is_new = await self._store.insert(spec, owner=owner, at=datetime.now(UTC))
            if not is_new:
                return await self._same_again(job, spec)
            live = self._track(job)
        finally:
            self._accepting -= 1
        try:
            live.launched(self._launcher.launch(live))
        except JobletError as error:
            await live.fail_start(str(error))
            self._untrack(live)
            raise
        self._spawn(self._watch(live))
        await self._save_unsaved()
        return live.job

    async def _same_again(self, job: Job, spec: JobSpec) -> Job:
        if job.spec != spec:
            raise InvalidRequestError(f"key {spec.key!r} was used before, for a different job: {job.id}")
        return await self.status(job.id)

    def _track(self, job: Job) -> LiveJob:
        live = LiveJob(
            job,
            self._directory.job(job.id),
            self._store,
            self._spare,
            cleanup_timeout_seconds=self._config.cleanup_timeout_seconds,
        )
        self._live[job.id] = live
        return live

    async def _watch(self, live: LiveJob) -> None:
        await live.watch(self._inotify)
        self._untrack(live)
        await self._retention.note_end(live.job.id)

    def _untrack(self, live: LiveJob) -> None:
        del self._live[live.job.id]
        if not live.is_saved:
            self._unsaved[live.job.id] = live.job

    async def _save_unsaved(self) -> None:
        """Write the ends that the index could not take when they came (called when it takes writes again)."""
        for job in list(self._unsaved.values()):
            await self._store.update(job)
            del self._unsaved[job.id]

    async def _restore(self) -> None:
        """Take up the jobs that had not ended when the last runner stopped, however it stopped."""
        await restore_index(self._store, self._directory)
        for job in await self._store.live():
            live = self._track(replace(job, stopped_by=self._directory.job(job.id).stopped_by()))
            live.cgroup = self._launcher.adopt_cgroup(job)
            self._spawn(self._adopt(live))

    async def _adopt(self, live: LiveJob) -> None:
        shim = await adopt(live.directory, self._inotify)
        live.launched(shim)
        log.info("job restored", jobId=live.job.id, running=shim is not None)
        await self._watch(live)

    async def _let_go(self) -> None:
        """Stop watching; the jobs run on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._live.clear()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        # The loop holds tasks weakly (asyncio.create_task); the set keeps them. A context of its own:
        # what is logged of a job is not part of the call that happened to start it.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, JobletError):
            log.error("unexpected failure", exc_info=error)
