"""Files over the wire, as the client sees it: a server that refuses, breaks off, or is hostile."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.config import Node
from joblet.errors import (
    FileAccessError,
    InvalidFileError,
    JobletError,
    ServerError,
    ServerUnavailableError,
    StorageError,
    WorkspaceTooLargeError,
)
from joblet.files.entry import Entry, Kind, LeftOut, Piece
from joblet.job import JobSpec
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.pieces import to_messages
from support.fakeservice import FakeService
from support.hostile import HOSTILE
from support.trees import listing, packed, unpacked

SPEC = JobSpec("ls")
LARGE_BYTES = 20_000_000


@pytest.fixture
async def client(node: Node) -> AsyncIterator[Client]:
    async with Client(node) as client:
        await client.list()
        yield client


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with more in it than is sent ahead."""
    project = tmp_path / "project"
    (project / "folder").mkdir(parents=True)
    (project / "folder" / "small").write_text("small")
    with (project / "large").open("wb") as file:
        file.truncate(LARGE_BYTES)
    return project


def sent(pieces: Sequence[Piece], *, is_complete: bool = True) -> list[pb.FilesChunk]:
    """Return the answers that bring these pieces."""
    chunks = [pb.FilesChunk(pieces=to_messages([piece])) for piece in pieces]
    return [*chunks, pb.FilesChunk(complete=is_complete)]


class TestUpload:
    """`Client.start` with files."""

    async def test_all_of_it(
        self, client: Client, service: FakeService, project: Path, tmp_path: Path
    ) -> None:
        """The server is told how much there is, and gets it; progress goes from nothing to all."""
        seen: list[tuple[int, int]] = []

        await client.start(SPEC, folders=project, on_progress=lambda *progress: seen.append(progress))

        (tmp_path / "target").mkdir()
        unpacked(service.uploaded, tmp_path / "target")
        assert listing(tmp_path / "target") == listing(project)
        assert (service.requests[-1].entries, service.requests[-1].contentBytes) == (3, LARGE_BYTES + 5)
        assert (seen[0], seen[-1]) == ((0, LARGE_BYTES + 5), (LARGE_BYTES + 5, LARGE_BYTES + 5))
        assert seen == sorted(seen)

    @pytest.mark.parametrize(
        "error", [WorkspaceTooLargeError(7, 5), StorageError("full"), InvalidFileError("x", "why")]
    )
    async def test_a_refusal_half_way(
        self, client: Client, service: FakeService, project: Path, error: JobletError
    ) -> None:
        """What the server says in the middle arrives as what it is, and ends the sending."""
        service.files_error = error

        with pytest.raises(type(error)) as caught:
            await client.start(SPEC, folders=project)

        assert str(caught.value) == str(error)
        assert (await client.list()) == []

    async def test_a_refusal_of_the_job(self, client: Client, service: FakeService, project: Path) -> None:
        """A job that is refused has no file read."""
        service.error = WorkspaceTooLargeError(7, 5)

        with pytest.raises(WorkspaceTooLargeError):
            await client.start(SPEC, folders=project)

        assert service.uploaded == []

    async def test_a_server_that_stops(self, client: Client, service: FakeService, project: Path) -> None:
        """All of it is sent again, from the start, with the same key."""
        service.files_error = ServerUnavailableError("the server is shutting down")

        await client.start(SPEC, folders=project)

        first, again = service.requests[-2:]
        assert first.job.key == again.job.key != ""
        assert sum(len(piece) for piece in service.uploaded if isinstance(piece, bytes)) == LARGE_BYTES + 5

    async def test_a_file_that_goes_meanwhile(self, client: Client, project: Path) -> None:
        """What can no longer be carried ends the call; the server never hears that it is complete."""

        def swap(done_bytes: int, _total_bytes: int) -> None:
            if done_bytes and not (project / "folder" / "small").is_symlink():
                (project / "folder" / "small").unlink()
                (project / "folder" / "small").symlink_to("/etc/passwd")

        with pytest.raises(InvalidFileError, match="leads outside"):
            await client.start(SPEC, folders=project, on_progress=swap)

        assert await client.list() == []

    async def test_nothing_is_sent_that_is_refused_here(
        self, client: Client, service: FakeService, project: Path
    ) -> None:
        """The server does not hear of a tree that cannot be carried as a whole, nor of a missing file."""
        os.mkfifo(project / "fifo")
        heard = len(service.requests)

        with pytest.raises(InvalidFileError, match="fifo"):
            await client.start(SPEC, folders=project)
        with pytest.raises(FileAccessError, match="missing"):
            await client.start(SPEC, files=project / "missing")

        assert len(service.requests) == heard


class TestDownload:
    """`Client.download`."""

    @pytest.fixture
    def out(self, tmp_path: Path, service: FakeService) -> Path:
        """A folder with a canary beside it; there is a job to ask for."""
        service.add(SPEC)
        for name in ("out", "canary"):
            (tmp_path / name).mkdir()
        (tmp_path / "canary" / "song").write_text("tweet")
        return tmp_path / "out"

    @pytest.mark.parametrize("pieces", [name for name in HOSTILE if name != "something left out"])
    async def test_a_hostile_server(
        self, client: Client, service: FakeService, out: Path, pieces: str
    ) -> None:
        """Whatever it sends, it is the server that is wrong, and nothing is written anywhere."""
        hostile, why = HOSTILE[pieces]
        service.files = sent([Entry(b"first", Kind.FOLDER), *hostile])
        before = listing(out.parent / "canary")

        with pytest.raises(ServerError, match=f"^malformed answer: invalid file: .*{why}"):
            await client.download("1", out)

        assert listing(out.parent / "canary") == before
        assert os.listdir(out) == []
        assert sorted(os.listdir(out.parent)) == ["canary", "out"]

    async def test_an_entry_of_no_kind(self, client: Client, service: FakeService, out: Path) -> None:
        """A device node cannot be said; a number that stands for none of the kinds is refused."""
        entry = pb.FileEntry(path=b"device")
        entry.MergeFromString(b"\x10\x07")  # field 2, kind: 7
        service.files = [pb.FilesChunk(pieces=[pb.FilePiece(entry=entry)], complete=True)]

        with pytest.raises(ServerError, match="device: it is not a file, a folder or a symbolic link"):
            await client.download("1", out)

        assert os.listdir(out) == []

    async def test_it_ends_before_it_is_complete(
        self, client: Client, service: FakeService, out: Path
    ) -> None:
        """Success is claimed only when the server has said that nothing is missing."""
        service.files = sent([Entry(b"file"), b"half"], is_complete=False)

        with pytest.raises(ServerError, match=r"^malformed answer: the files end before they are complete$"):
            await client.download("1", out)

        assert os.listdir(out) == []

    async def test_it_is_asked_again(
        self, client: Client, service: FakeService, out: Path, tmp_path: Path
    ) -> None:
        """When the connection is lost the whole comes once more, and is there once."""
        (out / "file").write_text("old")
        pieces: list[Piece] = [Entry(b"file", modified_ns=7), b"content"]
        service.files = sent(pieces)
        service.files_error = ServerUnavailableError("the server is shutting down")

        downloaded = await client.download("1", out)

        assert (downloaded.entries, downloaded.content_bytes) == (1, 7)
        (tmp_path / "expected").mkdir()
        unpacked(pieces, tmp_path / "expected")
        assert listing(out) == listing(tmp_path / "expected")

    async def test_an_error_half_way(self, client: Client, service: FakeService, out: Path) -> None:
        """It is the server's word, and nothing is there."""
        service.files = sent([Entry(b"file"), b"content"], is_complete=False)
        service.files_error = StorageError("/x: Input/output error")

        with pytest.raises(StorageError, match="Input/output error"):
            await client.download("1", out)

        assert os.listdir(out) == []

    async def test_what_was_left_out(self, client: Client, service: FakeService, out: Path) -> None:
        """It is told with the rest."""
        service.files = sent([Entry(b"file"), LeftOut(b"\xff", "a socket")])

        downloaded = await client.download("1", out)

        assert downloaded.left_out == (LeftOut(b"\xff", "a socket"),)
        assert [piece.path for piece in packed(out) if isinstance(piece, Entry)] == [b"file"]
