"""The files and folders of this machine that go with a job: looked at first, as a whole, then packed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing

from joblet.errors import FileAccessError, InvalidFileError
from joblet.files.entry import Entry, LeftOut, Total, shown
from joblet.files.pack import Packer, Pieces

StrPath = str | os.PathLike[str]
Paths = StrPath | Sequence[StrPath]
"""One path, or several."""


class LocalFiles:
    """Files, each of which lands under its own name, and folders, the contents of which do."""

    def __init__(self, files: Paths = (), folders: Paths = ()) -> None:
        self._files = as_paths(files)
        self._folders = as_paths(folders)

    def __bool__(self) -> bool:
        return bool(self._files or self._folders)

    def survey(self) -> Total:
        """Return how much it is.

        Raises:
            InvalidFileError: something in it cannot be carried, or two things have one name.
            FileAccessError: something cannot be read.

        """
        total = Total()
        tops: set[bytes] = set()
        for piece in self._pieces(Packer(has_contents=False, crosses_mounts=True)):
            if not isinstance(piece, Entry):
                continue
            total = Total(total.entries + 1, total.content_bytes + piece.size_bytes)
            if self._may_clash and b"/" not in piece.path:
                if piece.path in tops:
                    raise InvalidFileError(shown(piece.path), "it is given twice")
                tops.add(piece.path)
        return total

    def pack(self) -> Pieces:
        """Yield all of it in pieces.

        Raises:
            InvalidFileError, FileAccessError: as `survey`, for what has changed since.

        """
        yield from self._pieces(Packer(crosses_mounts=True))

    @property
    def _may_clash(self) -> bool:
        return len(self._files) + len(self._folders) > 1

    def _pieces(self, packer: Packer) -> Pieces:
        for file in self._files:
            yield from _carried(_pack_file(packer, file), os.path.dirname(file))
        for folder in self._folders:
            yield from _carried(packer.pack(folder), folder)


def path_bytes(path: StrPath) -> bytes:
    """Return a path as it travels: with slashes."""
    return os.fsencode(path).replace(os.sep.encode(), b"/")


def as_paths(paths: Paths) -> Sequence[str]:
    """Return one path or several as texts."""
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return [os.fspath(path) for path in several]


def _pack_file(packer: Packer, file: str) -> Pieces:
    # What the user names may be a link: it is theirs to follow. What is found below a folder is not.
    folder, name = os.path.split(os.path.realpath(file))
    if os.path.isdir(file):
        raise InvalidFileError(file, "expected a file, and it is a folder")
    try:
        os.stat(file)
    except OSError as error:
        raise FileAccessError(file, error) from error
    yield from packer.pack_one(folder, name, os.path.basename(os.path.abspath(file)))


def _carried(pieces: Pieces, folder: str) -> Pieces:
    """Yield the pieces of a tree in a folder that can be carried as a whole.

    Raises:
        InvalidFileError: something in it is left out.

    """
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, LeftOut):
                path = os.path.join(os.fsencode(folder), piece.path)
                raise InvalidFileError(shown(path), piece.why)
            yield piece
