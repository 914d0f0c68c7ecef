"""Starts, stops and watches jobs on this host (skeleton: the shape that others build on)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

from joblet.config import RunnerConfig
from joblet.job import Job, JobSpec


class JobRunner:
    """Runs jobs; use as `async with JobRunner(config) as runner:`."""

    def __init__(self, config: RunnerConfig) -> None:
        self._config = config

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(self, *exc: object) -> None:
        raise NotImplementedError

    async def start(self, spec: JobSpec, *, owner: str = "") -> Job:
        """Accept a job durably, set its limits, start it."""
        raise NotImplementedError

    async def stop(self, job_id: str, *, by: str = "") -> Job:
        """Stop a job; returns once it is terminal and gone."""
        raise NotImplementedError

    async def status(self, job_id: str) -> Job:
        """Return the job as it is now."""
        raise NotImplementedError

    async def list(self) -> list[Job]:
        """Return all jobs, oldest first."""
        raise NotImplementedError

    async def wait(self, job_id: str) -> Job:
        """Return the job once it is terminal."""
        raise NotImplementedError

    def logs(self, job_id: str, *, offset: int = 0, follow: bool = True) -> AsyncIterator[bytes]:
        """Yield the job's output from a byte offset; with `follow`, to its very end."""
        raise NotImplementedError
