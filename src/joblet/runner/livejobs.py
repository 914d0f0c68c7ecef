"""The jobs that have not ended: accepted or restored, each watched by a task of its own, let go.

Also keeps the ends that the index could not take when they came (a full
disk), until it can: the next start tries again, and so does the next runner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from joblet.errors import InvalidRequestError, JobletError, StorageError, TooManyJobsError
from joblet.job import Job, JobSpec
from joblet.linux.cgroup import JobCgroup
from joblet.linux.inotify import Inotify
from joblet.linux.sparefd import SpareFd
from joblet.runner.eventlog import get_logger
from joblet.runner.launch import Launcher
from joblet.runner.live import LiveJob, empty_and_remove
from joblet.runner.observer import Observer
from joblet.runner.retention import Retention
from joblet.runner.sampler import Sampler
from joblet.runner.shim import adopt
from joblet.runner.statedir import StateDirectory
from joblet.runner.store import Store
from joblet.runner.uploads import discard_upload

log = get_logger()

T = TypeVar("T")


class LiveJobs:
    """Owns the live jobs of one runner, and the tasks that watch them."""

    def __init__(
        self,
        *,
        launcher: Launcher,
        directory: StateDirectory,
        store: Store,
        inotify: Inotify,
        spare: SpareFd,
        retention: Retention,
        sampler: Sampler,
        observer: Observer,
    ) -> None:
        self._launcher = launcher
        self._directory = directory
        self._store = store
        self._inotify = inotify
        self._spare = spare
        self._retention = retention
        self._sampler = sampler
        self._observer = observer
        self._live: dict[str, LiveJob] = {}
        self._unsaved: dict[str, Job] = {}
        self._accepting = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._live) + self._accepting

    @contextmanager
    def reserved(self, maximum: int) -> Iterator[None]:
        """Keep a place among the jobs that may run, for one that is not accepted yet.

        Raises:
            TooManyJobsError: there is none.

        """
        if len(self) >= maximum:
            raise TooManyJobsError(maximum)
        self._accepting += 1
        try:
            yield
        finally:
            self._accepting -= 1

    def get(self, job_id: str) -> LiveJob | None:
        """Return the live job with this id, None if it has ended or never was."""
        return self._live.get(job_id)

    def job(self, job_id: str) -> Job | None:
        """Return what is known of a job better than the index knows it, None if nothing is."""
        live = self._live.get(job_id)
        return live.job if live else self._unsaved.get(job_id)

    def current(self, jobs: Iterable[Job]) -> Sequence[Job]:
        """Return these jobs of the index as they are now."""
        return [self.job(job.id) or job for job in jobs]

    def forget(self, job_ids: Iterable[str]) -> None:
        """Forget ended jobs that are about to be removed."""
        for job_id in job_ids:
            self._unsaved.pop(job_id, None)

    async def accept(self, spec: JobSpec, owner: str, uploaded: Path | None = None) -> Job:
        """Accept a job and launch it, even if the caller is cancelled; raises as `JobRunner.start` says.

        What was uploaded becomes the job's, or is deleted.
        """
        self._accepting += 1  # now, and not when the task begins: starts that come together count each other
        return await self.finish(self._accept_or_discard(spec, owner, uploaded))

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what something returns, which goes on to its end even if the caller is cancelled."""
        return await asyncio.shield(self._spawn(work))

    async def same_again(self, job: Job, spec: JobSpec) -> Job:
        """Return the job that an earlier start with the same key has made.

        Raises:
            InvalidRequestError: that start asked for something else.

        """
        if job.spec != spec:
            raise InvalidRequestError(f"key {spec.key!r} was used before, for a different job: {job.id}")
        return self.job(job.id) or job

    async def restore(self) -> None:
        """Take up the jobs that had not ended when the last runner stopped, however it stopped."""
        for job in await self._store.live():
            live = self._track(replace(job, stopped_by=self._directory.job(job.id).stopped_by()))
            live.cgroup = self._launcher.adopt_cgroup(job)
            live.is_of_this_boot = self._directory.is_of_this_boot
            if live.directory.holder() is None:  # concluded before the boot is noted, and before any call
                live.launched(None)
                await self._watch(live)
            else:
                self.run(self._adopt(live))
        self._note_boot()
        for cgroup in self._launcher.abandoned_cgroups(self._live):
            self.run(self._sweep(cgroup))

    async def let_go(self) -> None:
        """Stop watching; the jobs run on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._live.clear()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the calls, until it ends or everything is let go."""
        self._spawn(work).add_done_callback(_log_failure)

    def _note_boot(self) -> None:
        try:
            self._directory.note_boot()
        except OSError as error:  # a start that is cut off will then be called lost, which is never wrong
            log.warning("cannot write down the boot id", error=str(error))

    async def _accept_or_discard(self, spec: JobSpec, owner: str, uploaded: Path | None) -> Job:
        try:
            return await self._accept(spec, owner, uploaded)
        finally:
            if uploaded:
                await discard_upload(uploaded)

    async def _accept(self, spec: JobSpec, owner: str, uploaded: Path | None) -> Job:
        try:
            job, is_new = await self._store.insert(spec, owner=owner, at=datetime.now(UTC))
            if not is_new:
                return await self.same_again(job, spec)
            live = self._track(job)
        finally:
            self._accepting -= 1
        try:
            live.launched(self._launcher.launch(live, uploaded))
        except JobletError as error:
            await live.fail_start(str(error))
            self._untrack(live)
            raise
        self.run(self._watch(live))
        await self._save_unsaved()
        return live.job

    def _track(self, job: Job) -> LiveJob:
        timeout_seconds = self._launcher.config.cleanup_timeout_seconds
        directory = self._directory.job(job.id)
        live = LiveJob(
            job,
            directory,
            self._store,
            self._spare,
            self._observer,
            cleanup_timeout_seconds=timeout_seconds,
        )
        self._live[job.id] = live
        self._sampler.add(live)
        return live

    def _untrack(self, live: LiveJob) -> None:
        del self._live[live.job.id]
        self._sampler.discard(live)
        if not live.is_saved:
            self._unsaved[live.job.id] = live.job

    async def _watch(self, live: LiveJob) -> None:
        await live.watch(self._inotify)
        self._untrack(live)
        await self._retention.note_end(live.job.id)

    async def _adopt(self, live: LiveJob) -> None:
        shim = await adopt(live.directory, self._inotify)
        live.launched(shim)
        log.info("job restored", jobId=live.job.id, running=shim is not None)
        await self._watch(live)

    async def _sweep(self, cgroup: JobCgroup) -> None:
        try:
            await empty_and_remove(cgroup, self._launcher.config.cleanup_timeout_seconds)
        except (OSError, TimeoutError) as error:  # as before; the next runner tries again
            log.warning("an abandoned cgroup is still busy", reason=str(error) or "timed out")

    async def _save_unsaved(self) -> None:
        for job in list(self._unsaved.values()):
            try:
                await self._store.update(job)
            except StorageError as error:  # the start that asks is none the worse
                log.warning("cannot write to the index", jobId=job.id, error=str(error))
                return
            # Another start may have saved it too, or a removal taken it, meanwhile.
            self._unsaved.pop(job.id, None)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        # The loop holds tasks weakly (asyncio.create_task); the set keeps them. A context of its own:
        # what is logged of a job is not part of the call that happened to start it.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, JobletError):
        log.warning("cannot finish", reason=str(error))
    else:
        log.error("unexpected failure", exc_info=error)
