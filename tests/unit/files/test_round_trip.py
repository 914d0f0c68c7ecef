"""A tree that is packed and unpacked is the same tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from joblet.files.entry import Entry, Piece
from joblet.files.pack import next_batch
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.pieces import from_messages, to_messages
from support.trees import TREES, Directory, File, Link, listing, make, packed, paths, unpacked

OVER_PLATFORMS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def carried(pieces: list[Piece]) -> list[Piece]:
    """Return pieces as they come out of a message."""
    message = pb.UploadReq(pieces=to_messages(pieces))
    return list(from_messages(pb.UploadReq.FromString(message.SerializeToString()).pieces))


@OVER_PLATFORMS
@given(tree=TREES)
def test_any_tree(platform: str, tree: Mapping[bytes, File | Link | Directory]) -> None:
    """Content, permissions, times, empty folders, links, and names that are no text."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.mkdir()
        target.mkdir()
        make(os.fsencode(source), tree)

        unpacked(carried(packed(source)), target)

        assert listing(target) == listing(source)


def test_a_large_file_comes_in_chunks(tmp_path: Path) -> None:
    """No piece is larger than a chunk, and no batch holds more than it takes to be worth a message."""
    (tmp_path / "large").write_bytes(os.urandom(1_000_000))
    pieces = iter(packed(tmp_path))

    batches = []
    while batch := next_batch(pieces, 64 * 1024):
        batches.append(batch)

    contents = [piece for batch in batches for piece in batch if isinstance(piece, bytes)]
    assert b"".join(contents) == (tmp_path / "large").read_bytes()
    assert max(map(len, contents)) == 64 * 1024
    assert (
        max(sum(len(piece) for piece in batch if isinstance(piece, bytes)) for batch in batches) == 64 * 1024
    )


def test_small_files_share_a_batch(tmp_path: Path) -> None:
    """A thousand empty files take a few messages."""
    for number in range(1000):
        (tmp_path / f"{number}").touch()
    pieces = iter(packed(tmp_path))

    assert len(next_batch(pieces, 64 * 1024)) == 1000
    assert next_batch(pieces, 64 * 1024) == []


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1777, 0o7777])
def test_special_bits_are_dropped(tmp_path: Path, mode: int) -> None:
    """Setuid, setgid and sticky are not carried, nor made if they are sent."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "file").touch()
    (source / "file").chmod(mode)

    (entry,) = packed(source)
    unpacked([Entry(b"file", mode=mode)], target)

    assert isinstance(entry, Entry)
    assert entry.mode == mode & 0o777
    assert (target / "file").stat().st_mode & 0o7777 == mode & 0o777


def test_hard_links_are_files(tmp_path: Path) -> None:
    """Two names of one file are two files."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "one").write_text("content")
    os.link(source / "one", source / "two")

    unpacked(packed(source), target)

    assert (target / "one").stat().st_ino != (target / "two").stat().st_ino
    assert (target / "two").read_text() == "content"


def test_a_folder_comes_right_before_what_is_in_it(tmp_path: Path) -> None:
    """Whoever unpacks has a folder open from its entry until the last of what is in it, and no longer."""
    for folder in ("a/b/c", "a/d", "e"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").touch()

    open_folders: list[bytes] = []
    for path in paths(packed(tmp_path)):
        above = path.rpartition(b"/")[0]
        while open_folders and open_folders[-1] != above:
            open_folders.pop()
        assert not above or open_folders
        if (tmp_path / os.fsdecode(path)).is_dir():
            open_folders.append(path)
