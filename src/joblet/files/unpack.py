"""Pieces to a tree of files, in a new folder that nobody else writes to.

Whoever sends the pieces may be hostile. An entry is made in a folder that was
made just before for it, and by its name only: what lies below a link, a file,
or a folder that was not given cannot even be said. All of it is made anew
(O_EXCL), so that nothing is given twice, and nothing is written through
anything. Modes and times come last, when nothing is written any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from joblet.errors import FileAccessError, InvalidFileError
from joblet.files.entry import PERMISSIONS, Entry, Kind, Piece, check_entry, shown
from joblet.files.folder import Folder, Owner

TOP = Entry(b"")


class Unpacker:
    """Makes a tree in an empty folder, until `finish` or `close`; files get this owner, if any."""

    def __init__(self, top: Folder, owner: Owner | None = None) -> None:
        self._owner = owner
        self._folders: list[tuple[Entry, Folder]] = [(TOP, top)]
        self._names: list[str] = []
        self._entry = TOP
        self._fd = -1

    def take(self, piece: Piece) -> None:
        """Make an entry, or write more of the last one's content.

        Raises:
            InvalidFileError: it breaks a rule, and nothing of it was made.
            FileAccessError: it cannot be written.

        """
        if isinstance(piece, bytes):
            self._write(piece)
        elif isinstance(piece, Entry):
            self._make(piece, check_entry(piece))
        else:
            raise InvalidFileError(shown(piece.path), "expected an entry or content")

    def take_all(self, pieces: Sequence[Piece]) -> None:
        """Take these pieces, one after another."""
        for piece in pieces:
            self.take(piece)

    def finish(self) -> None:
        """Give everything its final mode and time; the tree is then as it was.

        Raises:
            FileAccessError: it cannot be written.

        """
        self._finish_file()
        self._leave(0)
        self.close()

    def close(self) -> None:
        """Let go of the tree, complete or not; a second time does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        for _, folder in self._folders:
            folder.close()

    def _make(self, entry: Entry, names: Sequence[str]) -> None:
        self._finish_file()
        *above, name = names
        self._leave(_shared_length(above, self._names))
        if above != self._names:
            raise InvalidFileError(shown(entry.path), "its folder was not given right before it")
        folder = self._folders[-1][1]
        self._entry = entry
        with _failing_at(entry):
            if entry.kind is Kind.FILE:
                self._fd = folder.create_file(name)
            elif entry.kind is Kind.LINK:
                target = os.fsdecode(entry.target)
                folder.create_link(name, target, entry.modified_ns, self._owner)
            else:
                folder.create_folder(name)
                self._folders.append((entry, folder.enter(name)))
                self._names.append(name)

    def _write(self, content: bytes) -> None:
        if self._fd < 0:
            raise InvalidFileError(shown(self._entry.path), "it has content and is no file")
        rest = memoryview(content)
        with _failing_at(self._entry):
            while rest:
                rest = rest[os.write(self._fd, rest) :]

    def _finish_file(self) -> None:
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            with _failing_at(self._entry):
                name = os.fsdecode(self._entry.path.rpartition(b"/")[2])
                mode, modified_ns = self._entry.mode & PERMISSIONS, self._entry.modified_ns
                self._folders[-1][1].finish_file(name, fd, mode, modified_ns, self._owner)
        finally:
            os.close(fd)

    def _leave(self, depth: int) -> None:
        """Leave folders until only so many are entered; nothing comes into those that are left."""
        while len(self._names) > depth:
            self._names.pop()
            entry, folder = self._folders.pop()
            with _failing_at(entry), folder:
                folder.finish(entry.mode & PERMISSIONS, entry.modified_ns, self._owner)


def _shared_length(names: Sequence[str], others: Sequence[str]) -> int:
    differences = (at for at, (name, other) in enumerate(zip(names, others, strict=False)) if name != other)
    return next(differences, min(len(names), len(others)))


@contextmanager
def _failing_at(entry: Entry) -> Iterator[None]:
    """Give what the system says its type and its path."""
    try:
        yield
    except FileExistsError:
        raise InvalidFileError(shown(entry.path), "it is given twice") from None
    except OSError as error:
        raise FileAccessError(shown(entry.path), error) from error
