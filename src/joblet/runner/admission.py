"""Whether a job may start: its limits, its key, its place among the jobs that may run, and its files.

What is refused is refused in this order, so that no file is looked at for a
job that cannot be. From acceptance on a job is `LiveJobs`' business.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace

from joblet.config import RunnerConfig
from joblet.errors import TooManyJobsError
from joblet.files.entry import Total
from joblet.files.stream import Batches
from joblet.job import Job, JobSpec
from joblet.limits import resolve
from joblet.runner.launch import Launcher
from joblet.runner.livejobs import LiveJobs
from joblet.runner.store import Store
from joblet.runner.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Admission:
    """Starts the jobs of one runner; raises as `JobRunner.start` and `start_with` say."""

    config: RunnerConfig
    launcher: Launcher
    live: LiveJobs
    store: Store
    uploads: Uploads

    async def start(self, spec: JobSpec, owner: str) -> Job:
        """Start a job whose /work is empty."""
        accepted = self._checked(spec)
        if len(self.live) >= self.config.max_concurrent_jobs:
            # The first try of this very start may have taken the last place.
            if earlier := await self._earlier(accepted, owner):
                return earlier
            raise TooManyJobsError(self.config.max_concurrent_jobs)
        return await self.live.accept(accepted, owner)

    async def start_with(self, spec: JobSpec, received: Batches, announced: Total, owner: str) -> Job:
        """Start a job once its files have been received; meanwhile it has its place."""
        async with aclosing(received):
            accepted = self._checked(spec)
            if earlier := await self._earlier(accepted, owner):
                return earlier
            self.uploads.check(announced)
            with self.live.reserved(self.config.max_concurrent_jobs):
                uploaded = await self.uploads.receive(received)
            return await self.live.accept(accepted, owner, uploaded)

    def _checked(self, spec: JobSpec) -> JobSpec:
        ceilings = self.launcher.host.ceilings
        limits = resolve(spec.limits, defaults=self.config.defaults, ceilings=ceilings)
        accepted = replace(spec, limits=limits)
        self.launcher.check(accepted)
        return accepted

    async def _earlier(self, accepted: JobSpec, owner: str) -> Job | None:
        """Return the job that this very start has made before, None if there is none."""
        earlier = await self.store.get_by_key(owner, accepted.key) if accepted.key else None
        return await self.live.same_again(earlier, accepted) if earlier else None
