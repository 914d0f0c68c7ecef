"""A call that is cancelled, at whatever await point, leaves nothing that was not asked for.

Not a task, not an open log, not a connection that is of no use; a job only if
it was accepted, and then it is in the list.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from joblet import Job, JobSpec, JobStatus, Place
from joblet.errors import JobNotRunningError
from joblet.testing.daemon import Daemon
from support.cancelling import cancel_everywhere
from support.folders import once_empty
from support.host import PATIENCE
from support.places import ASYNCHRONOUS, output_of, stop_all, wait_for_output
from support.trees import listing

pytestmark = pytest.mark.isolation

LOOK_AGAIN_SECONDS = 0.01
SLEEPER = JobSpec("sh", ("-c", "echo up; exec sleep 600"))

Check = Callable[[], Awaitable[None]]


@pytest.fixture(params=ASYNCHRONOUS)
async def place(request: pytest.FixtureRequest, daemon: Daemon, tmp_path: Path) -> AsyncIterator[Place]:
    async with ASYNCHRONOUS[request.param](tmp_path, daemon.node("admin")) as opened:
        yield opened
        await stop_all(opened)


@pytest.fixture
async def job(place: Place) -> Job:
    """A job that runs, and has written one line."""
    started = await place.start(SLEEPER)
    await wait_for_output(place, started.id, b"up\n")
    return started


@pytest.fixture
async def nothing_left(place: Place, daemon: Daemon) -> Check:
    """Check that there are no more tasks and open logs than before, and that the place still works."""
    await place.list()  # the connection is there, with all that it needs
    tasks, logs = asyncio.all_tasks(), open_logs(daemon)

    def left() -> bool:
        new_tasks = asyncio.all_tasks() - tasks - {asyncio.current_task()}
        return bool(new_tasks or open_logs(daemon) - logs)

    async def check() -> None:
        await place.list()
        async with asyncio.timeout(5 * PATIENCE):
            while left():  # noqa: ASYNC110  no event says that the other side has let go
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    return check


def open_logs(daemon: Daemon) -> set[str]:
    """Return the logs that the daemon or this process has open, each with its descriptor."""
    folders = [f"/proc/{pid}/fd" for pid in (daemon.process.pid, os.getpid())]
    links = [os.path.join(folder, fd) for folder in folders for fd in os.listdir(folder)]
    return {link for link in links if os.path.lexists(link) and target(link).endswith("output.log")}


def target(link: str) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:  # closed while we look
        return ""


@pytest.mark.parametrize("verb", ["status", "wait"])
async def test_a_look_at_a_job(place: Place, nothing_left: Check, verb: str) -> None:
    """Status and wait, cancelled anywhere, leave nothing."""
    ended = await place.start(JobSpec("true"))
    await place.wait(ended.id)

    await cancel_everywhere(lambda: getattr(place, verb)(ended.id), nothing_left)


async def test_a_list(place: Place, nothing_left: Check) -> None:
    """A list, cancelled anywhere, leaves nothing."""

    async def listed() -> object:
        return await place.list()

    assert await cancel_everywhere(listed, nothing_left) > 0


async def test_a_wait_for_a_job_that_runs(place: Place, job: Job, nothing_left: Check) -> None:
    """A wait that is cancelled before the end leaves nothing, and the job running."""

    async def wait_until_cancelled() -> object:
        async with asyncio.timeout(0.05):
            return await place.wait(job.id)

    with pytest.raises(TimeoutError):
        await cancel_everywhere(wait_until_cancelled, nothing_left)

    await nothing_left()
    assert not (await place.status(job.id)).status.is_terminal


async def test_a_follower(place: Place, nothing_left: Check) -> None:
    """A follower, cancelled anywhere from the first byte to the last, leaves no log open on either side."""
    ended = await place.start(JobSpec("seq", ("50000",)))
    await place.wait(ended.id)

    assert await cancel_everywhere(lambda: output_of(place, ended.id), nothing_left) > 0


async def test_a_follower_of_a_job_that_runs(place: Place, job: Job, nothing_left: Check) -> None:
    """A follower that waits for more, cancelled or closed, leaves no log open on either side."""
    for _ in range(3):
        async with aclosing(place.logs(job.id)) as chunks:
            assert await anext(chunks) == b"up\n"
            more = asyncio.ensure_future(anext(chunks))
            await asyncio.sleep(0)
            more.cancel()
            await asyncio.wait([more])
        await nothing_left()


async def test_a_stop(place: Place, job: Job, nothing_left: Check) -> None:
    """A stop, cancelled anywhere, leaves nothing; the job runs on or is stopped, and can be stopped again."""
    assert await cancel_everywhere(lambda: stop_unless_ended(place, job.id), nothing_left) > 0

    assert (await place.status(job.id)).status is JobStatus.STOPPED


async def stop_unless_ended(place: Place, job_id: str) -> None:
    try:
        await place.stop(job_id)
    except JobNotRunningError:  # an earlier, cancelled stop did it
        await place.status(job_id)


async def test_a_start(place: Place, nothing_left: Check) -> None:
    """A start, cancelled anywhere, leaves no job or one that is in the list and runs like any other."""
    before = {job.id for job in await place.list()}

    await cancel_everywhere(lambda: place.start(JobSpec("true")), nothing_left)

    accepted = [job for job in await place.list() if job.id not in before]
    assert accepted
    ended = [await place.wait(job.id) for job in accepted]
    assert {job.exit_code for job in ended} == {0}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a file in it that takes more than one message."""
    (tmp_path / "project" / "folder").mkdir(parents=True)
    (tmp_path / "project" / "folder" / "file").write_bytes(bytes(300_000))
    return tmp_path / "project"


async def test_a_start_with_files(
    place: Place, nothing_left: Check, project: Path, daemon: Daemon, tmp_path: Path
) -> None:
    """Cancelled anywhere, it leaves no job or one with all its files, and nothing of an upload."""
    before = {job.id for job in await place.list()}
    spec = JobSpec("sh", ("-c", "test $(stat -c %s folder/file) = 300000"))

    async def no_uploads() -> None:
        await nothing_left()
        async with asyncio.timeout(5 * PATIENCE):
            for each in places_of(daemon, tmp_path):
                await once_empty(each / "state" / "uploads")

    assert await cancel_everywhere(lambda: place.start(spec, folders=project), no_uploads) > 0

    ended = [await place.wait(job.id) for job in await place.list() if job.id not in before]
    assert {job.exit_code for job in ended} == {0}


def places_of(daemon: Daemon, folder: Path) -> list[Path]:
    """Return where the state is, the daemon's and the runner's if there is one."""
    return [each for each in (daemon.folder, folder) if (each / "state").exists()]


async def test_a_download(place: Place, nothing_left: Check, project: Path, tmp_path: Path) -> None:
    """Cancelled anywhere, it leaves everything that was asked for, or nothing at all."""
    job = await place.start(JobSpec("true"), folders=project)
    await place.wait(job.id)
    outs: list[Path] = []
    expected = listing(project)

    def download() -> Coroutine[Any, Any, object]:
        outs.append(tmp_path / f"out-{len(outs)}")
        return place.download(job.id, outs[-1])

    async def whole_or_nothing() -> None:
        await nothing_left()
        assert listing(outs[-1]) in ({}, expected)

    assert await cancel_everywhere(download, whole_or_nothing) > 0
    assert listing(outs[-1]) == expected


async def test_a_removal(place: Place, nothing_left: Check) -> None:
    """A removal, cancelled anywhere, has removed the jobs or not; it can be asked for again."""
    job_ids = [(await place.start(JobSpec("true"))).id for _ in range(3)]
    for job_id in job_ids:
        await place.wait(job_id)

    async def remove_what_is_left() -> None:
        left = {job.id for job in await place.list()}.intersection(job_ids)
        await place.remove(sorted(left))

    await cancel_everywhere(remove_what_is_left, nothing_left)

    assert not {job.id for job in await place.list()}.intersection(job_ids)


@pytest.mark.parametrize("name", ASYNCHRONOUS)
async def test_an_opening(name: str, daemon: Daemon, tmp_path: Path) -> None:
    """Opening, a call and leaving, cancelled anywhere, leave no task, and nothing that bars the next."""
    tasks = asyncio.all_tasks()

    async def look_once() -> None:
        async with ASYNCHRONOUS[name](tmp_path, daemon.node("admin")) as place:
            await place.list()

    async def no_tasks() -> None:
        assert asyncio.all_tasks() - tasks <= {asyncio.current_task()}

    assert await cancel_everywhere(look_once, no_tasks) > 0
