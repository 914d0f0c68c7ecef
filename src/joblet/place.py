"""Where jobs run: what `JobRunner` and `Client` have in common, as a type.

For annotations only: neither derives from it, and `tests/contract` holds both
to it, values and errors included. Write against `Place`, and a program that
runs jobs on its own host runs them on another by one changed line.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Protocol

from joblet.files.local import Paths, StrPath
from joblet.files.stream import Downloaded
from joblet.job import Job, JobSpec, Terminal
from joblet.metrics import JobSample


class Place(Protocol):
    """Runs jobs; the documentation of each verb is that of `JobRunner` and `Client`."""

    async def start(self, spec: JobSpec, *, files: Paths = (), folders: Paths = ()) -> Job:
        """Start a job, with files and what folders contain in its /work; return it once it is accepted."""
        ...

    async def download(self, job_id: str, folder: StrPath, paths: Sequence[StrPath] = ()) -> Downloaded:
        """Bring files of a job's /work, all of it or these paths below it, to a folder here."""
        ...

    async def stop(self, job_id: str, *, force: bool = False) -> Job:
        """Stop a job, with `force` without a grace period; return it once it is STOPPED and gone."""
        ...

    async def status(self, job_id: str) -> Job:
        """Return the job as it is now."""
        ...

    async def stats(self, job_id: str) -> Sequence[JobSample]:
        """Return what a job had used at moments of its life, from its acceptance to its end or to now."""
        ...

    async def list(self) -> Sequence[Job]:
        """Return all jobs, oldest first."""
        ...

    async def wait(self, job_id: str) -> Job:
        """Return the job once it is terminal."""
        ...

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, with their logs and files; all of them or none."""
        ...

    async def write_input(
        self, job_id: str, content: AsyncIterable[bytes], *, sizes: AsyncIterable[Terminal] | None = None
    ) -> None:
        """Write to a running job's input, and then the end of file; return when it takes no more."""
        ...

    def logs(self, job_id: str, *, offset: int = 0, follow: bool = True) -> AsyncGenerator[bytes, None]:
        """Yield the job's output from a byte offset; with `follow`, to its very end."""
        ...
