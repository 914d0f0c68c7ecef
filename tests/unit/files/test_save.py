"""What is received comes to its folder when it is complete, and not before."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from joblet.errors import FileAccessError, InvalidFileError, ServerUnavailableError
from joblet.files.entry import Entry, Kind, LeftOut, Piece
from joblet.files.stream import MOST_LEFT_OUT, save
from support.trees import listing

LOST = "the connection was lost"
NOBODY = 65534
UNREADABLE = Entry(b"folder", Kind.FOLDER, 0o000, 5)


async def sent(*batches: Sequence[Piece], is_lost: bool = False) -> AsyncIterator[Sequence[Piece]]:
    for batch in batches:
        yield batch
    if is_lost:
        raise ServerUnavailableError(LOST)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a file, a folder with a file, and a link to a canary are."""
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "song").write_text("tweet")
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True, mode=0o750)
    (folder / "file").write_text("old")
    (folder / "below" / "kept").write_text("kept")
    (folder / "link").symlink_to("../canary")
    return folder


async def test_new_and_old_files(platform: str, folder: Path) -> None:
    """Files are replaced, folders merged into, and what is not sent is left alone."""
    pieces: list[Piece] = [
        Entry(b"file"),
        b"new",
        Entry(b"below", Kind.FOLDER, 0o700),
        Entry(b"below/more"),
        b"more",
    ]

    saved = await save(sent(pieces), str(folder))

    assert (saved.entries, saved.content_bytes, saved.left_out) == (3, 7, ())
    assert (folder / "file").read_text() == "new"
    assert (folder / "below" / "more").read_text() == "more"
    assert (folder / "below" / "kept").read_text() == "kept"
    assert sorted(os.listdir(folder)) == ["below", "file", "link"]


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It is made, with those above it."""
    await save(sent([Entry(b"file")]), str(tmp_path / "a" / "b"))

    assert os.listdir(tmp_path / "a" / "b") == ["file"]


@pytest.mark.parametrize("kind", [Kind.FOLDER, Kind.FILE])
async def test_a_link_in_the_way_is_not_followed(platform: str, folder: Path, kind: Kind) -> None:
    """A file replaces it; a folder does not, and nothing is written where it leads."""
    outside = listing(folder.parent / "canary")
    pieces: list[Piece] = [Entry(b"link", kind, 0o700)]

    if kind is Kind.FOLDER:
        with pytest.raises(FileAccessError, match="folder/link: Not a directory"):
            await save(sent([*pieces, Entry(b"link/song"), b"hiss"]), str(folder))
    else:
        await save(sent(pieces), str(folder))

    assert listing(folder.parent / "canary") == outside
    assert (folder / "link").is_symlink() == (kind is Kind.FOLDER)
    assert sorted(os.listdir(folder)) == ["below", "file", "link"]


async def test_a_folder_in_the_way_of_a_file(platform: str, folder: Path) -> None:
    """It is not removed."""
    with pytest.raises(FileAccessError, match="folder/below: Is a directory"):
        await save(sent([Entry(b"below")]), str(folder))

    assert (folder / "below" / "kept").exists()


@pytest.mark.parametrize(
    ("batches", "error"),
    [
        ([[Entry(b"file"), b"half"]], ServerUnavailableError),
        ([[UNREADABLE, Entry(b"folder/file"), b"half"], [Entry(b"file")]], ServerUnavailableError),
        ([[Entry(b"file"), b"new", Entry(b"../canary/song"), b"hiss"]], InvalidFileError),
    ],
)
async def test_what_breaks_off_changes_nothing(
    platform: str, folder: Path, batches: list[list[Piece]], error: type[Exception]
) -> None:
    """Neither half a file nor a whole one is there, and nothing else is left."""
    before = listing(folder.parent)

    with pytest.raises(error):
        await save(sent(*batches, is_lost=True), str(folder))

    changed = listing(folder.parent).items() ^ before.items()
    assert {path for path, _ in changed} <= {b"folder"}  # its time alone


async def test_what_was_left_out_is_told(tmp_path: Path) -> None:
    """The first hundred by name, all by number; what was there is saved all the same."""
    left_out = [LeftOut(b"%d" % number, "a socket") for number in range(MOST_LEFT_OUT + 50)]

    saved = await save(sent([Entry(b"file"), *left_out]), str(tmp_path))

    assert saved.left_out == tuple(left_out[:MOST_LEFT_OUT])
    assert saved.left_out_count == MOST_LEFT_OUT + 50
    assert os.listdir(tmp_path) == ["file"]


@contextmanager
def somebody_else() -> Iterator[None]:
    """Be an unprivileged user while the block runs."""
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
async def test_folders_that_their_owner_may_not_write_to() -> None:
    """Whoever is not root gets them too, with the modes and times that they have."""
    pieces = [
        Entry(b"folder", Kind.FOLDER, 0o500, 5),
        Entry(b"folder/none", Kind.FOLDER, 0o000, 6),
        Entry(b"folder/none/file", Kind.FILE, 0o000, 7),
    ]
    with TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        with somebody_else():
            await save(sent(pieces), folder)
            with pytest.raises(ServerUnavailableError):
                await save(sent(pieces, is_lost=True), folder)

        assert listing(folder) == {
            b"folder": ("folder", 0o500, 5, b""),
            b"folder/none": ("folder", 0o000, 6, b""),
            b"folder/none/file": ("file", 0o000, 7, b""),
        }
