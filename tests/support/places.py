"""Every place where jobs run, behind the one vocabulary; and what a test of it needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from pathlib import Path

from joblet import (
    Client,
    Downloaded,
    Job,
    JobRunner,
    JobSample,
    JobSpec,
    Node,
    Place,
    RunnerConfig,
    Terminal,
    sync,
)
from joblet.errors import JobNotRunningError
from joblet.files.local import Paths, StrPath
from joblet.sync import BlockingPlace

MAX_JOBS = 5
"""The most that run at once in any of these places."""

OpenPlace = Callable[[Path, Node], AbstractAsyncContextManager[Place]]
"""Opens a place: the one on this host by its folder, the one behind a server by its node."""


def local_config(folder: Path) -> RunnerConfig:
    """Return a runner's configuration that is also the one of the tests' daemon."""
    return RunnerConfig(state_dir=folder / "state", max_concurrent_jobs=MAX_JOBS)


class Waiting:
    """A place of `joblet.sync` as an asynchronous one: each verb waits in a thread."""

    def __init__(self, place: BlockingPlace) -> None:
        self.place = place

    async def start(self, spec: JobSpec, *, files: Paths = (), folders: Paths = ()) -> Job:
        return await asyncio.to_thread(self.place.start, spec, files=files, folders=folders)

    async def download(self, job_id: str, folder: StrPath, paths: Sequence[StrPath] = ()) -> Downloaded:
        return await asyncio.to_thread(self.place.download, job_id, folder, paths)

    async def stop(self, job_id: str, *, force: bool = False) -> Job:
        return await asyncio.to_thread(self.place.stop, job_id, force=force)

    async def status(self, job_id: str) -> Job:
        return await asyncio.to_thread(self.place.status, job_id)

    async def stats(self, job_id: str) -> Sequence[JobSample]:
        return await asyncio.to_thread(self.place.stats, job_id)

    async def list(self) -> Sequence[Job]:
        return await asyncio.to_thread(self.place.list)

    async def wait(self, job_id: str) -> Job:
        return await asyncio.to_thread(self.place.wait, job_id)

    async def write_input(
        self, job_id: str, content: AsyncIterable[bytes], *, sizes: AsyncIterable[Terminal] | None = None
    ) -> None:
        assert sizes is None, "who waits has no terminal"
        await asyncio.to_thread(self.place.write_input, job_id, [block async for block in content])

    async def remove(self, job_ids: Sequence[str]) -> None:
        await asyncio.to_thread(self.place.remove, job_ids)

    async def logs(self, job_id: str, *, offset: int = 0, follow: bool = True) -> AsyncGenerator[bytes, None]:
        chunks = self.place.logs(job_id, offset=offset, follow=follow)
        try:
            while chunk := await asyncio.to_thread(next, chunks, b""):
                yield chunk
        finally:
            await asyncio.to_thread(chunks.close)


@asynccontextmanager
async def runner(folder: Path, node: Node) -> AsyncIterator[Place]:
    async with JobRunner(local_config(folder)) as place:
        yield place


@asynccontextmanager
async def client(folder: Path, node: Node) -> AsyncIterator[Place]:
    async with Client(node) as place:
        yield place


@asynccontextmanager
async def waiting_runner(folder: Path, node: Node) -> AsyncIterator[Place]:
    with sync.JobRunner(local_config(folder)) as place:
        yield Waiting(place)


@asynccontextmanager
async def waiting_client(folder: Path, node: Node) -> AsyncIterator[Place]:
    with sync.Client(node) as place:
        yield Waiting(place)


ASYNCHRONOUS: dict[str, OpenPlace] = {"JobRunner": runner, "Client": client}
PLACES: dict[str, OpenPlace] = {
    **ASYNCHRONOUS,
    "sync.JobRunner": waiting_runner,
    "sync.Client": waiting_client,
}


async def stop_all(place: Place) -> None:
    """Stop what runs, and return once it has ended."""
    for job in await place.list():
        if not job.status.is_terminal:
            with suppress(JobNotRunningError):  # it has ended by itself meanwhile
                await place.stop(job.id)


async def output_of(place: Place, job_id: str, *, offset: int = 0, follow: bool = True) -> bytes:
    """Return a job's output from an offset on."""
    async with aclosing(place.logs(job_id, offset=offset, follow=follow)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def wait_for_output(place: Place, job_id: str, expected: bytes) -> None:
    """Return once the job has written this, and it is the first thing it wrote."""
    seen = b""
    async with aclosing(place.logs(job_id)) as chunks:
        async for chunk in chunks:
            seen += chunk
            if len(seen) >= len(expected):
                break
    assert seen.startswith(expected)
