"""Files through a real daemon: hostile clients, hostile jobs, what breaks off, and what it costs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from joblet import Client, JobSpec, JobStatus, LeftOut
from joblet.errors import (
    InvalidFileError,
    InvalidRequestError,
    JobNotFoundError,
    ServerUnavailableError,
    SlowClientError,
    TooManyJobsError,
    WorkspaceTooLargeError,
)
from joblet.files.entry import Entry, Kind, Piece
from joblet.testing.daemon import Daemon, running_daemon
from joblet.wire.caller import CALL_TIMEOUT_SECONDS, Caller
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.pieces import to_messages
from support.folders import once_empty
from support.host import PATIENCE
from support.hostile import HOSTILE
from support.places import wait_for_output
from support.proxy import proxying
from support.running import PYTHON
from support.trees import TREES, Directory, File, Link, listing, make

pytestmark = pytest.mark.isolation

MIB = 1 << 20
LOOK_AGAIN_SECONDS = 0.01
MAX_WORKSPACE_BYTES = 30 * MIB
SETTINGS = {
    "limits": {"maxWorkspaceSize": f"{MAX_WORKSPACE_BYTES}"},
    "grpc": {"slowClientTimeout": "1s"},
    "joblet": {"maxConcurrentJobs": 3},
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon"), settings=SETTINGS) as daemon:
        yield daemon


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[Client]:
    """A client after whose test nothing is being uploaded, and no job runs."""
    async with Client(daemon.node()) as client:
        yield client
        for job in await client.list():
            if not job.status.is_terminal:
                await client.stop(job.id)
        await wait_no_uploads(daemon)


JOB = pb.UploadReq(job=pb.RunJobReq(command="true"))
COMPLETE = pb.UploadReq(complete=True)


def files(*pieces: Piece) -> pb.UploadReq:
    return pb.UploadReq(pieces=to_messages(pieces))


async def upload(daemon: Daemon, *requests: pb.UploadReq, falls_silent: bool = False) -> pb.RunJobRes:
    """Say these things to the daemon, whatever they are; then end the call, or say nothing more."""

    async def said() -> AsyncGenerator[pb.UploadReq, None]:
        for request in requests:
            yield request
        if falls_silent:
            await asyncio.Event().wait()

    caller = Caller(daemon.node(), timeout_seconds=CALL_TIMEOUT_SECONDS, patience_seconds=0)
    stub = JobletServiceStub(caller.open())
    try:
        return await caller.feed_once(stub.RunJobWithFiles, said())
    finally:
        await caller.aclose()


def uploads(daemon: Daemon) -> list[Path]:
    """Return what is below the folder of uploads, at any depth."""
    return list((daemon.folder / "state" / "uploads").rglob("*"))


async def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds: there is no event for what is below a folder, at any depth."""
    async with asyncio.timeout(10 * PATIENCE):
        while not condition():  # noqa: ASYNC110  see above
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def wait_no_uploads(daemon: Daemon) -> None:
    """Return once nothing is being uploaded, nor left of it."""
    async with asyncio.timeout(10 * PATIENCE):
        await once_empty(daemon.folder / "state" / "uploads")


async def wait_uploading(daemon: Daemon) -> None:
    """Return once something of a file was uploaded."""
    await wait_until(lambda: any(size_bytes(path) for path in uploads(daemon)))


def size_bytes(path: Path) -> int:
    """Return the size of a file, 0 of what is none or has gone."""
    with suppress(FileNotFoundError):
        return path.stat().st_size if path.is_file() else 0
    return 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
async def test_any_tree_there_and_back(client: Client, tree: Mapping[bytes, File | Link | Directory]) -> None:
    """Through the daemon and a job's /work: content, modes, times, structure, links, names of any bytes."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.mkdir()
        make(os.fsencode(source), tree)

        job = await client.start(JobSpec("true"), folders=source)
        await client.wait(job.id)
        await client.download(job.id, target)
        await client.remove([job.id])

        assert listing(target) == listing(source)


class TestHostileClient:
    """Whoever speaks the protocol as they please."""

    @pytest.mark.parametrize("pieces", HOSTILE)
    async def test_hostile_pieces(self, daemon: Daemon, client: Client, pieces: str) -> None:
        """Each is refused with what was wrong; nothing is written outside, nothing stays, there is no job."""
        before = await client.list()
        there = set(daemon.folder.rglob("*"))
        sent, why = HOSTILE[pieces]

        with pytest.raises(InvalidFileError, match=why):
            await upload(daemon, JOB, files(Entry(b"first", Kind.FOLDER), *sent), COMPLETE)

        assert set(daemon.folder.rglob("*")) <= there
        assert await client.list() == before

    async def test_all_in_one_message(self, daemon: Daemon, client: Client) -> None:
        """A client may put job, files and their end into the first message."""
        message = pb.UploadReq(job=pb.RunJobReq(command="cat", args=["file"]), complete=True)
        message.pieces.extend(to_messages([Entry(b"file"), b"content"]))

        answer = await upload(daemon, message)

        assert (await client.wait(answer.id)).status is JobStatus.COMPLETED

    async def test_it_ends_before_it_is_complete(self, daemon: Daemon, client: Client) -> None:
        """Half an upload is no job."""
        before = await client.list()

        with pytest.raises(InvalidRequestError, match=r"^the upload ends before it is complete$"):
            await upload(daemon, JOB, files(Entry(b"file"), b"content"))

        assert uploads(daemon) == []
        assert await client.list() == before

    @pytest.mark.usefixtures("client")
    async def test_a_client_that_falls_silent_is_cut(self, daemon: Daemon) -> None:
        """Its place is free again after slowClientTimeout, and what it sent is gone."""
        silent = upload(daemon, JOB, files(Entry(b"file"), b"content"), falls_silent=True)

        with pytest.raises(SlowClientError) as caught:
            await silent

        assert str(caught.value) == "client too slow: nothing was sent for 1 s; send it again"
        assert uploads(daemon) == []

    @pytest.mark.usefixtures("client")
    async def test_more_than_was_announced(self, daemon: Daemon) -> None:
        """The quota counts what comes, whatever was said before."""
        job = pb.UploadReq(job=pb.RunJobReq(command="true"), contentBytes=1)
        content = [files(bytes(65536))] * (MAX_WORKSPACE_BYTES // 65536 + 1)

        with pytest.raises(WorkspaceTooLargeError):
            await upload(daemon, job, files(Entry(b"file")), *content, falls_silent=True)

        assert uploads(daemon) == []

    async def test_uploads_take_the_places_of_jobs(self, daemon: Daemon, client: Client) -> None:
        """Who uploads will run: there are no more uploads at once than there may be jobs."""
        half = [JOB, files(Entry(b"file"), b"content")]
        tasks = [asyncio.create_task(upload(daemon, *half, falls_silent=True)) for _ in range(3)]
        await wait_until(lambda: len(uploads(daemon)) == 2 * len(tasks))

        with pytest.raises(TooManyJobsError):
            await client.start(JobSpec("true"))

        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class TestQuota:
    """`limits: maxWorkspaceSize`."""

    async def test_too_many_bytes(self, client: Client, tmp_path: Path) -> None:
        """Both numbers are said, before anything is sent."""
        (tmp_path / "large").touch()
        os.truncate(tmp_path / "large", MAX_WORKSPACE_BYTES)

        with pytest.raises(WorkspaceTooLargeError) as caught:
            await client.start(JobSpec("true"), files=tmp_path / "large")

        assert str(caught.value) == (
            "job creation failed: files exceed maxWorkspaceSize"
            f" (got {MAX_WORKSPACE_BYTES + 1024} bytes, at most {MAX_WORKSPACE_BYTES})"
        )

    async def test_as_much_as_there_may_be(self, client: Client, tmp_path: Path) -> None:
        """The limit itself is within it."""
        (tmp_path / "large").touch()
        os.truncate(tmp_path / "large", MAX_WORKSPACE_BYTES - 1024)

        job = await client.start(JobSpec("true"), files=tmp_path / "large")

        assert (await client.wait(job.id)).status is JobStatus.COMPLETED

    @pytest.mark.usefixtures("client")
    async def test_empty_files_are_not_free(self, daemon: Daemon) -> None:
        """Each entry counts for a KiB, announced or not."""
        numbers = range(MAX_WORKSPACE_BYTES // 1024 + 1)
        entries = [Entry(b"%d" % number) for number in numbers]
        messages = [files(*entries[start : start + 1000]) for start in range(0, len(entries), 1000)]

        with pytest.raises(WorkspaceTooLargeError):
            await upload(daemon, pb.UploadReq(job=JOB.job, entries=len(entries)))
        with pytest.raises(WorkspaceTooLargeError):
            await upload(daemon, JOB, *messages, falls_silent=True)

        assert uploads(daemon) == []


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that takes a while."""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", MAX_WORKSPACE_BYTES - 1024)
    return tmp_path / "large"


class TestBrokenOff:
    """An upload that does not come to its end."""

    async def test_a_client_that_goes(self, daemon: Daemon, client: Client, large: Path) -> None:
        """Nothing stays, no job was started, and the same start works afterwards."""
        spec = JobSpec("stat", ("-c", "%s", "large"), key="again")
        before = await client.list()

        async with Client(daemon.node()) as gone:
            upload = asyncio.create_task(gone.start(spec, files=large))
            await wait_uploading(daemon)
            upload.cancel()
            await asyncio.wait([upload])
        await wait_no_uploads(daemon)

        assert await client.list() == before
        job = await client.start(spec, files=large)
        assert (await client.wait(job.id)).status is JobStatus.COMPLETED

    async def test_a_lost_connection(self, daemon: Daemon, client: Client, large: Path) -> None:
        """All of it is sent again by itself, and one job is started."""
        async with proxying(daemon.address) as proxy:
            node = replace(daemon.node(), address=proxy.address)
            async with Client(node) as behind:
                before = await behind.list()
                upload = asyncio.create_task(behind.start(JobSpec("cksum", ("large",)), files=large))
                await wait_uploading(daemon)
                proxy.cut()
                job = await upload

        assert (await client.wait(job.id)).status is JobStatus.COMPLETED
        assert len(await client.list()) == len(before) + 1
        assert proxy.connections == 2

    async def test_a_daemon_that_is_killed(self, tmp_path: Path, large: Path) -> None:
        """The next one removes what is left, has no job of it, and takes the upload when it comes again."""
        folder = tmp_path / "daemon"
        folder.mkdir()
        with running_daemon(folder) as first:
            async with Client(first.node(), patience_seconds=0) as client:
                await client.list()
                upload = asyncio.create_task(client.start(JobSpec("true"), files=large))
                await wait_uploading(first)
                first.kill()
                await asyncio.wait([upload])
                assert upload.exception() is not None
            assert uploads(first) != []
        with running_daemon(folder, authority=first.authority) as second:
            async with Client(second.node()) as client:
                await wait_no_uploads(second)
                assert await client.list() == []
                job = await client.start(JobSpec("true"), files=large)
                assert (await client.wait(job.id)).status is JobStatus.COMPLETED

    async def test_a_daemon_that_stops(self, tmp_path: Path) -> None:
        """A drain ends uploads too, and leaves nothing."""
        with running_daemon(tmp_path, settings={"grpc": {"drainTimeout": "100ms"}}) as daemon:
            half = [JOB, files(Entry(b"file"), b"content")]
            task = asyncio.create_task(upload(daemon, *half, falls_silent=True))
            await wait_uploading(daemon)

            assert await asyncio.to_thread(daemon.stop) == 0
            with pytest.raises(ServerUnavailableError, match="the server is shutting down"):
                await task
            assert uploads(daemon) == []


SWAPS = """
import os
os.mkdir("real")
open("real/shadow", "w").write("mine")
open("file", "w").write("mine")
os.symlink("/etc", "away")
print("up", flush=True)
while True:
    os.rename("real", "folder")
    os.symlink("/etc/shadow", "link")
    os.rename("link", "file")
    os.rename("folder", "real")
    os.rename("away", "folder")
    open("link", "w").write("mine")
    os.rename("link", "file")
    os.rename("folder", "away")
"""

GROWS = """
file = open("log", "ab", buffering=0)
file.write(b"x" * 1000)
print("up", flush=True)
while True:
    file.write(b"x" * 65536)
    if file.tell() > 200_000_000:
        file.truncate(0)
"""

NESTS = """
import os
for _ in range(3000):
    os.mkdir("x"); os.chdir("x")
open("bottom", "w")
print("up", flush=True)
"""


class TestHostileJob:
    """A job that does as it pleases in its folder while root reads it."""

    async def test_links_that_are_swapped(self, client: Client, tmp_path: Path) -> None:
        """However often it is tried, nothing of the host is read."""
        job = await client.start(JobSpec(PYTHON, ("-c", SWAPS)))
        await wait_for_output(client, job.id, b"up\n")

        for attempt in range(30):
            out = tmp_path / f"{attempt}"
            await client.download(job.id, out)
            for path in out.rglob("*"):
                assert path.is_dir() or path.read_text() in {"", "mine"}
                assert not path.is_symlink()

    async def test_a_file_that_grows_all_the_time(self, client: Client, tmp_path: Path) -> None:
        """A download has an end."""
        job = await client.start(JobSpec(PYTHON, ("-c", GROWS)))
        await wait_for_output(client, job.id, b"up\n")

        downloaded = await client.download(job.id, tmp_path / "out")

        assert downloaded.left_out == ()
        assert (tmp_path / "out" / "log").stat().st_size == downloaded.content_bytes

    async def test_folders_deeper_than_a_path_is_long(self, client: Client, tmp_path: Path) -> None:
        """What is too deep is told; the rest is there."""
        job = await client.start(JobSpec(PYTHON, ("-c", NESTS)))
        await client.wait(job.id)

        downloaded = await client.download(job.id, tmp_path / "out")
        await client.remove([job.id])

        assert downloaded.entries == 100
        assert downloaded.left_out == (LeftOut(b"/".join([b"x"] * 101), "more than 100 folders deep"),)

    async def test_a_fifo(self, client: Client, tmp_path: Path) -> None:
        """It blocks nobody, asked for by its name or not."""
        job = await client.start(JobSpec("sh", ("-c", "mkfifo fifo; echo up; sleep 600")))
        await wait_for_output(client, job.id, b"up\n")

        for paths in ((), ("fifo",)):
            downloaded = await client.download(job.id, tmp_path / "out", paths)
            assert downloaded.left_out == (LeftOut(b"fifo", "not a file, a folder or a symbolic link"),)

    async def test_a_job_that_is_removed_meanwhile(self, client: Client, large: Path, tmp_path: Path) -> None:
        """What goes while it is read is not said to be all."""
        job = await client.start(JobSpec("true"), files=large)
        await client.wait(job.id)
        removed: list[asyncio.Task[None]] = []

        def remove(_done_bytes: int, _total_bytes: int) -> None:
            if not removed:
                removed.append(asyncio.create_task(client.remove([job.id])))

        with pytest.raises(JobNotFoundError):
            await client.download(job.id, tmp_path / "out", on_progress=remove)
        await removed[0]

        assert list((tmp_path / "out").iterdir()) == []
