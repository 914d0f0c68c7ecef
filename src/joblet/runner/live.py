"""One job that has not ended: launched or adopted, watched, concluded.

A live job is one task and two fds (the shim's pidfd and an inotify watch shared
with all others). It is told of everything by events: the lock file changes
when the command runs, the pidfd becomes readable when the shim has ended. Both
work alike for a shim that an earlier daemon started.

The order at the end matters: the record is read, the cgroup is emptied and
removed, the index is written, and only then is the job terminal to anyone. An
index that cannot be written (a full disk) delays nothing: see `is_saved`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from joblet.errors import StorageError
from joblet.job import Ending, Job, JobStatus, Reason
from joblet.linux.cgroup import JobCgroup
from joblet.linux.inotify import IN_MODIFY, Inotify, Watch
from joblet.linux.sparefd import SpareFd
from joblet.runner.eventlog import get_logger
from joblet.runner.jobdir import JobDirectory
from joblet.runner.observer import Observer
from joblet.runner.record import ending_from_record
from joblet.runner.shim import Shim
from joblet.runner.store import EPOCH, Store

log = get_logger()


class LiveJob:
    """Owns the changes of one job's status from its acceptance to its end."""

    def __init__(
        self,
        job: Job,
        directory: JobDirectory,
        store: Store,
        spare: SpareFd,
        observer: Observer,
        *,
        cleanup_timeout_seconds: float,
    ) -> None:
        self.job = job
        self.directory = directory
        self.cgroup: JobCgroup | None = None
        self.is_saved = True
        self.is_of_this_boot = True
        self._store = store
        self._spare = spare
        self._observer = observer
        self._cleanup_timeout_seconds = cleanup_timeout_seconds
        self._shim: Shim | None = None
        self._is_launched = asyncio.Event()
        self._is_past_start = asyncio.Event()
        if job.status is not JobStatus.INITIALIZING:
            self._is_past_start.set()
        self._has_ended = asyncio.Event()
        self._wake_at_end: set[Watch] = set()

    def launched(self, shim: Shim | None) -> None:
        """Take over the shim; None means that nothing of the job runs (any more)."""
        self._shim = shim
        self._is_launched.set()

    async def stop(self, by: str, *, force: bool = False) -> None:
        """Have the job stopped, by force without its grace period; return once it has ended, however it did.

        Who asked is written first: the shim finishes a stop even when the
        daemon does not live to see it. A full disk must not prevent a stop.
        """
        await self._is_launched.wait()
        if not self.job.stopped_by:
            self.job = replace(self.job, stopped_by=by)
            try:
                self.directory.note_stop(by)
            except OSError as error:
                log.warning("cannot write down who stops the job", jobId=self.job.id, error=str(error))
        if self._shim:
            (self._shim.kill if force else self._shim.stop)()
        await self.wait_ended()

    async def wait_started(self) -> Job:
        """Return the job once its command executes, or never will."""
        await self._is_past_start.wait()
        return self.job

    async def wait_ended(self) -> Job:
        """Return the job once it is terminal."""
        await self._has_ended.wait()
        return self.job

    @contextlib.contextmanager
    def waking(self, watch: Watch) -> Iterator[None]:
        """Wake this watch too when the job has ended."""
        self._wake_at_end.add(watch)
        try:
            yield
        finally:
            self._wake_at_end.discard(watch)

    async def watch(self, inotify: Inotify) -> None:
        """Follow the job to its end; the only place where its status changes."""
        try:
            if self._shim:
                await self._watch_shim(self._shim, inotify)
            await self._conclude()
        finally:
            if self._shim:
                self._shim.close()

    async def fail_start(self, detail: str) -> None:
        """End a job that could not be launched."""
        self.launched(None)
        await self._remove_cgroup()
        await self._end(Ending(reason=Reason.START_FAILED, detail=detail), datetime.now(UTC))

    async def _watch_shim(self, shim: Shim, inotify: Inotify) -> None:
        ended = asyncio.ensure_future(shim.wait_ended())
        try:
            with inotify.watch(self.directory.lock_path, IN_MODIFY) as watch:
                ended.add_done_callback(lambda _: watch.wake())
                while not ended.done():
                    watch.arm()
                    if await self._note_start():
                        break
                    await watch.wait()
            await ended
        finally:
            ended.cancel()

    async def _note_start(self) -> bool:
        """Return whether the command executes, or did."""
        if self.job.status is not JobStatus.INITIALIZING:
            return True
        pid = self._spare.call(self.directory.running_pid)
        if not pid:
            return False
        self.job = self.job.after_start(pid)
        await self._save(self.job)
        self._is_past_start.set()
        took = datetime.now(UTC) - self.job.started_at
        self._observer.job_started(took.total_seconds())
        log.info(
            "job started successfully",
            jobId=self.job.id,
            pid=pid,
            command=" ".join((self.job.spec.command, *self.job.spec.args)),
            duration=f"{took / timedelta(milliseconds=1):.1f}ms",
        )
        return True

    async def _conclude(self) -> None:
        record = self._spare.call(self.directory.exit_record)
        await self._remove_cgroup()
        if record is None:
            await self._end(self._lost(), datetime.now(UTC))
            return
        if record.started_ns is not None and self.job.status is JobStatus.INITIALIZING:
            took = time_from_ns(record.started_ns) - self.job.started_at
            self._observer.job_started(took.total_seconds())
            self.job = self.job.after_start(self._spare.call(self.directory.running_pid))
        await self._end(ending_from_record(record), time_from_ns(record.ended_ns))

    def _lost(self) -> Ending:
        """Return the ending of a job that left no record; unknown is said to be unknown."""
        if self.is_of_this_boot and self._spare.call(self.directory.is_unclaimed):
            return Ending(reason=Reason.START_FAILED, detail="joblet ended before it could start the job")
        detail = "the job's shim, or the host, died before the end was recorded"
        return Ending(reason=Reason.LOST, detail=detail, log_bytes=self.directory.log_bytes())

    async def _end(self, ending: Ending, at: datetime) -> None:
        job = self.job.after_end(ending, at)
        self.is_saved = await self._save(job)
        self.job = job
        self._is_past_start.set()
        self._has_ended.set()
        self._observer.job_ended(job)
        for watch in self._wake_at_end:
            watch.wake()
        log.info(
            "job ended",
            jobId=job.id,
            status=job.status.value,
            reason=ending.reason.value,
            exitCode=ending.exit_code,
            signal=ending.signal,
        )

    async def _save(self, job: Job) -> bool:
        """Write the job to the index if that can be done; its directory has the truth in any case."""
        try:
            await self._store.update(job)
        except StorageError as error:
            log.warning("cannot write to the index", jobId=job.id, status=job.status.value, error=str(error))
            return False
        return True

    async def _remove_cgroup(self) -> None:
        """Make sure that nothing of the job runs, and remove its cgroups.

        They are empty when init has ended in order. They may not be when the
        shim was killed: init is then dying by its parent-death signal.
        """
        if self.cgroup is None:
            return
        try:
            try:
                self._spare.call(self.cgroup.remove)
            except OSError:  # EBUSY
                await empty_and_remove(self.cgroup, self._cleanup_timeout_seconds)
        except (OSError, TimeoutError) as error:
            log.error(  # noqa: TRY400  the kernel's word says it all, a traceback nothing more
                "job cleanup failed", jobId=self.job.id, error=str(error) or "timed out"
            )
        finally:
            self.cgroup.close_fds()


async def empty_and_remove(cgroup: JobCgroup, timeout_seconds: float) -> None:
    """Kill whatever is in a cgroup, wait until it has ended, remove the cgroup.

    Raises:
        TimeoutError: something in it does not end.
        OSError: the kernel refused.

    """
    async with asyncio.timeout(timeout_seconds):
        cgroup.kill()
        await cgroup.wait_empty()
    cgroup.remove()


def time_from_ns(nanoseconds: int) -> datetime:
    """Return a time that the shim wrote."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)
