"""Measures running jobs: at once for whoever asks, and every second for their history.

One task for all jobs, and one thread, so that neither a slow disk nor many
jobs delay the event loop; while no job runs, nothing happens. A history is
worth less than its job: a sample that cannot be written is left out, and said
once. Samples are of the wall clock; when they are due, of the monotonic one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from joblet.job import Job, JobStatus, Usage
from joblet.linux.cgroup import CgroupUsage
from joblet.metrics import JobSample
from joblet.runner.eventlog import get_logger
from joblet.runner.live import LiveJob
from joblet.runner.record import usage_from_counters
from joblet.runner.samples import SampleFile

log = get_logger()

INTERVAL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A running job, and what it had used when it was looked at."""

    job: Job
    sample: JobSample


class Sampler:
    """Measures the jobs that it was told of; a context manager."""

    def __init__(self) -> None:
        self._histories: dict[str, _History] = {}
        self._has_jobs = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joblet-sampler")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown()

    def add(self, live: LiveJob) -> None:
        """Measure this job from now on, while it runs."""
        self._histories[live.job.id] = _History(live)
        self._has_jobs.set()

    def discard(self, live: LiveJob) -> None:
        """Forget a job."""
        del self._histories[live.job.id]
        if not self._histories:
            self._has_jobs.clear()

    async def run(self) -> None:
        """Write the samples of all jobs when they are due, until cancelled."""
        while True:
            await self._has_jobs.wait()
            await asyncio.sleep(INTERVAL_SECONDS)
            now = time.monotonic()
            if due := [history for history in self._histories.values() if history.is_due(now)]:
                await self._in_thread(due, now)

    async def measure(self) -> Mapping[str, Measured]:
        """Return what the running jobs have used so far, by their ids, in the order of their starts."""
        lives = [each.live for each in self._histories.values() if is_running(each.live)]
        if not lives:
            return {}
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, lambda: [measure(live) for live in lives])
        return {measured.job.id: measured for measured in found}

    async def _in_thread(self, due: Sequence[_History], now: float) -> None:
        def extend_all() -> None:
            for history in due:
                history.extend(now)

        await asyncio.get_running_loop().run_in_executor(self._thread, extend_all)


class _History:
    """The samples of one job, and when the next is due."""

    def __init__(self, live: LiveJob) -> None:
        self.live = live
        self._file = SampleFile(live.directory.samples_path, INTERVAL_SECONDS)
        self._due = 0.0
        self._is_failing = False

    def is_due(self, now: float) -> bool:
        return is_running(self.live) and now >= self._due

    def extend(self, now: float) -> None:
        try:
            self._file.append(measure(self.live).sample)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing and is_running(self.live):  # else it has ended meanwhile, and is removed
                log.warning("cannot write samples", jobId=self.live.job.id, error=str(error))
            self._is_failing = True
        # Less than a whole interval, for the next look comes a little late, or a little early.
        self._due = now + self._file.interval_seconds - INTERVAL_SECONDS / 2


def is_running(live: LiveJob) -> bool:
    """Whether there is something to measure."""
    return live.job.status is JobStatus.RUNNING


def current(live: LiveJob) -> Job:
    """Return a job as it is now, with what it has used so far if it runs."""
    return measure(live).job if is_running(live) else live.job


def measure(live: LiveJob) -> Measured:
    """Return a job with what it has used so far; in any thread, about 60 µs."""
    job = live.job
    counted = live.cgroup.usage() if live.cgroup else CgroupUsage()
    usage = usage_from_counters(counted)
    sample = JobSample(
        at=datetime.now(UTC),
        cpu_seconds=counted.cpu_seconds,
        memory_bytes=counted.memory_bytes,
        read_bytes=counted.read_bytes,
        written_bytes=counted.written_bytes,
        log_bytes=live.directory.log_bytes(),
    )
    return Measured(replace(job, usage=None if usage == Usage() else usage), sample)
