"""Who is told what happens to a runner's jobs, as it happens."""

from __future__ import annotations

from joblet.job import Job


class Observer:
    """Does nothing with what it is told; who derives from it must not wait for anything either."""

    def job_started(self, seconds: float) -> None:
        """Take note that a command executes, so long after its job was accepted."""

    def job_ended(self, job: Job) -> None:
        """Take note of an end; it may be older than the runner."""
