"""Trees of files: any there can be, as hypothesis strategies; made on a disk, and read from it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from joblet.files.entry import Entry, Piece, why_outside
from joblet.files.folder import open_folder
from joblet.files.pack import Packer
from joblet.files.unpack import Unpacker


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    mode: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Link:
    target: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    below: Mapping[bytes, File | Link | Directory]
    mode: int
    modified_ns: int


NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {b"/"[0], 0}.intersection(name) and name not in {b".", b".."}
)
MODES = st.integers(0, 0o777)
TIMES = st.integers(0, 2**32 * 10**9)
FILES = st.builds(File, st.binary(max_size=300), MODES, TIMES)
LINKS = st.builds(Link, st.lists(NAMES, min_size=1, max_size=3).map(b"/".join))
NODES = st.recursive(
    FILES | LINKS,
    lambda nodes: st.builds(Directory, st.dictionaries(NAMES, nodes, max_size=4), MODES, TIMES),
    max_leaves=12,
)
TREES = st.dictionaries(NAMES, NODES, max_size=5)

Listing = dict[bytes, tuple[str, int, int, bytes]]
"""What is below a folder: kind, mode, time in nanoseconds, content or target, by path."""


def make(folder: bytes, tree: Mapping[bytes, File | Link | Directory]) -> None:
    """Make a tree on the disk, in a folder that is there."""
    for name, node in tree.items():
        path = os.path.join(folder, name)
        if isinstance(node, Link):
            os.symlink(node.target, path)
            continue
        if isinstance(node, Directory):
            os.mkdir(path)
            make(path, node.below)
        else:
            Path(os.fsdecode(path)).write_bytes(node.content)
        os.chmod(path, node.mode)
        os.utime(path, ns=(node.modified_ns, node.modified_ns))


def listing(folder: str | Path) -> Listing:
    """Return what is below a folder."""
    found: Listing = {}
    top = os.fsencode(folder)
    for parent, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            status = os.lstat(path)
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                seen = ("link", 0, status.st_mtime_ns, os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                seen = ("folder", mode, status.st_mtime_ns, b"")
            else:
                seen = ("file", mode, status.st_mtime_ns, Path(os.fsdecode(path)).read_bytes())
            found[os.path.relpath(path, top)] = seen
    return found


def packed(folder: str | Path) -> list[Piece]:
    """Return all pieces of what is in a folder."""
    return list(Packer().pack(str(folder)))


def unpacked(pieces: Sequence[Piece], folder: str | Path) -> None:
    """Make a tree of pieces, in a folder that is there."""
    unpacker = Unpacker(open_folder(str(folder)))
    try:
        unpacker.take_all(pieces)
        unpacker.finish()
    finally:
        unpacker.close()


def paths(pieces: Sequence[Piece]) -> list[bytes]:
    """Return the paths of the entries among pieces."""
    return [piece.path for piece in pieces if isinstance(piece, Entry)]


def leads_inside(link: bytes, target: bytes) -> bool:
    """Return whether a link may be carried."""
    return not why_outside(link, target)
