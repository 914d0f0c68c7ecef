"""A tree that is read while somebody else changes it, who may be hostile."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet.errors import InvalidFileError
from joblet.files.entry import DEEPEST, Entry, Kind, LeftOut
from joblet.files.pack import MOST_NAMES, Packer, selection_of
from joblet.runner import tree
from support.trees import packed, paths


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that must not be read."""
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / "song").write_text("tweet")
    return folder


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "top"
    folder.mkdir()
    return folder


def left_out(folder: Path) -> dict[bytes, str]:
    return {piece.path: piece.why for piece in packed(folder) if isinstance(piece, LeftOut)}


def test_what_is_not_carried_is_told(platform: str, top: Path) -> None:
    """A FIFO does not block, a socket is not called, a link outside is not followed: each is said."""
    os.mkfifo(top / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(top / "socket"))
    (top / "out").symlink_to("../canary/song")
    (top / "absolute").symlink_to("/etc/passwd")
    (top / "file").touch()

    assert paths(packed(top)) == [b"file"]
    assert left_out(top) == {
        b"fifo": "not a file, a folder or a symbolic link",
        b"socket": "not a file, a folder or a symbolic link",
        b"out": "a symbolic link that leads outside, or climbs after a name: ../canary/song",
        b"absolute": "a symbolic link that leads outside, or climbs after a name: /etc/passwd",
    }


def test_a_file_that_becomes_a_link(top: Path, canary: Path) -> None:
    """Whoever swaps a file for a link outside, once it was seen, does not get it read."""
    for number in range(3):
        (top / f"{number}").write_text("content")
    pieces = Packer().pack(str(top))
    first = next(pieces)
    assert isinstance(first, Entry)
    rest = {b"0", b"1", b"2"} - {first.path}
    for name in rest:
        path = top / os.fsdecode(name)
        path.unlink()
        path.symlink_to(canary / "song")

    found = list(pieces)

    assert b"tweet" not in found
    assert {piece.path for piece in found if isinstance(piece, LeftOut)} == rest


def test_a_folder_that_becomes_a_link(top: Path, canary: Path) -> None:
    """The same with a folder."""
    (top / "a").touch()
    (top / "folder").mkdir()
    pieces = Packer().pack(str(top))
    next(pieces)
    (top / "folder").rmdir()
    (top / "folder").symlink_to(canary)

    (found,) = pieces

    assert isinstance(found, LeftOut)
    assert (found.path, found.why) == (b"folder", "Not a directory")


def test_a_file_that_becomes_a_fifo(top: Path) -> None:
    """A FIFO in the place of a file blocks nothing."""
    for number in range(2):
        (top / f"{number}").write_text("content")
    pieces = Packer().pack(str(top))
    first = next(pieces)
    assert isinstance(first, Entry)
    other = {b"0", b"1"} - {first.path}
    for name in other:
        (top / os.fsdecode(name)).unlink()
        os.mkfifo(top / os.fsdecode(name))

    told = [piece for piece in pieces if isinstance(piece, LeftOut)]

    assert [(piece.path, piece.why) for piece in told] == [(*other, "it changed while it was looked at")]


def test_a_file_that_grows(top: Path) -> None:
    """It is read to the size at which it was opened, however fast it is written to."""
    (top / "log").write_bytes(b"x" * 1000)
    pieces = Packer(chunk_bytes=10).pack(str(top))
    next(pieces)

    content = b""
    for piece in pieces:
        assert isinstance(piece, bytes)
        content += piece
        with (top / "log").open("ab") as log:
            log.write(b"y" * 100)

    assert content == b"x" * 1000


def test_a_file_that_shrinks(top: Path) -> None:
    """It has what it has."""
    (top / "log").write_bytes(b"x" * 1000)
    pieces = Packer(chunk_bytes=10).pack(str(top))
    next(pieces)
    next(pieces)
    os.truncate(top / "log", 15)

    assert list(pieces) == [b"x" * 5]


def test_what_vanishes_was_never_there(top: Path) -> None:
    """A file, or a folder with all that is in it, may go at any time."""
    (top / "a").touch()
    for name in ("first", "second"):
        (top / name).mkdir()
        (top / name / "file").touch()
    pieces = Packer().pack(str(top))
    next(pieces)
    folder = next(pieces)
    for name in ("first", "second"):
        (top / name / "file").unlink()
        (top / name).rmdir()

    assert isinstance(folder, Entry)
    assert list(pieces) == []


def test_folders_deeper_than_a_path_is_long(top: Path) -> None:
    """They are carried as deep as it is sane; that there are more is told, and no descriptor is used up."""
    fd = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("x", dir_fd=fd)
        inner = os.open("x", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)

    found = packed(top)
    tree.delete(top)

    *entries, last = found
    assert len(entries) == DEEPEST
    assert last == LeftOut(b"/".join([b"x"] * (DEEPEST + 1)), "more than 100 folders deep")


def test_a_folder_of_very_many_folders(top: Path) -> None:
    """All of them are carried, with what is in them, though not all their names are kept at once."""
    for number in range(2 * MOST_NAMES + 1):
        (top / f"{number}").mkdir()
    for number in (0, MOST_NAMES, 2 * MOST_NAMES):
        (top / f"{number}" / "file").touch()

    found = paths(packed(top))

    assert len(found) == len(set(found)) == 2 * MOST_NAMES + 4
    assert all(found[found.index(path) - 1] == path.partition(b"/")[0] for path in found if b"/" in path)


def test_another_filesystem_is_not_entered() -> None:
    """What is mounted below is not the job's."""
    found = Packer(has_contents=False).pack("/", {"proc": {}, "etc": {"passwd": {}}})

    first = next(found)
    found.close()

    assert first == LeftOut(b"proc", "on another filesystem")


class TestSelection:
    """Some paths of a tree."""

    @pytest.fixture
    def top(self, top: Path) -> Path:
        for path in ("out/a/one", "out/a/two", "out/b/three", "in/four"):
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(path)
        (top / "link").symlink_to("out")
        return top

    def select(self, top: Path, *wanted: bytes) -> list[bytes]:
        return sorted(paths(list(Packer().pack(str(top), selection_of(wanted)))))

    def test_a_file(self, top: Path) -> None:
        """It comes with the folders that it is in."""
        assert self.select(top, b"out/a/one") == [b"out", b"out/a", b"out/a/one"]

    def test_a_folder(self, top: Path) -> None:
        """It comes with all that is in it."""
        assert self.select(top, b"out/a") == [b"out", b"out/a", b"out/a/one", b"out/a/two"]

    def test_overlapping_paths(self, top: Path) -> None:
        """Each entry comes once."""
        wanted = [b"out/a/one", b"out", b"out", b"out/b/three", b"in/four"]
        assert self.select(top, *wanted) == sorted(
            [b"in", b"in/four", b"out", b"out/a", b"out/a/one", b"out/a/two", b"out/b", b"out/b/three"]
        )

    def test_a_link(self, top: Path) -> None:
        """It is a link, and not what it leads to."""
        (found,) = Packer().pack(str(top), selection_of([b"link"]))

        assert isinstance(found, Entry)
        assert (found.kind, found.target) == (Kind.LINK, b"out")

    @pytest.mark.parametrize("path", [b"nothing", b"out/nothing/x", b"in/four/x", b"link/a"])
    def test_a_path_that_is_not_there(self, top: Path, path: bytes) -> None:
        """It is named as far as it was looked for; nothing is looked for below a link."""
        with pytest.raises(FileNotFoundError) as caught:
            self.select(top, path)

        assert path.startswith(os.fsencode(caught.value.filename))

    @pytest.mark.parametrize("path", [b"", b"..", b"/etc", b"out/../..", b"a//b", b"a\0"])
    def test_a_malformed_path(self, path: bytes) -> None:
        """It is refused before anything is looked for."""
        with pytest.raises(InvalidFileError):
            selection_of([path])


@pytest.fixture(autouse=True)
def no_open_files(tmp_path: Path) -> Iterator[None]:
    """Whatever happens, nothing stays open."""
    yield
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    targets = [os.readlink(link) for link in links if os.path.lexists(link)]
    assert not [target for target in targets if target.startswith(f"{tmp_path}/")]
