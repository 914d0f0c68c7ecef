"""A tree of files to pieces, in an order in which it can be made again, with memory for one piece.

The tree may be hostile and change meanwhile: a job's folder is read by root
while the job runs. What is looked at is what was opened (fstat), not what had
that name a moment ago; no link is followed, no FIFO blocks, no mount is
crossed, a file that grows is read to the size at which it was opened. What
vanishes in time was never there; what cannot be carried is a `LeftOut`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from joblet.errors import FileAccessError, InvalidFileError
from joblet.files.entry import DEEPEST, PERMISSIONS, Entry, Kind, LeftOut, Piece, names_of, shown, why_outside
from joblet.files.folder import Folder, open_folder

CHUNK_BYTES = 64 * 1024
"""The most of a file in one piece."""

MOST_NAMES = 1000
"""So many names of folders are kept for later: a job can make any number of them."""

Pieces = Generator[Piece, None, None]
Selection = dict[str, "Selection"]
"""What of a folder is wanted, by name; nothing is all of it."""


@dataclass(frozen=True, slots=True)
class Packer:
    """How a tree is packed. Without contents only the entries are told, each file opened all the same."""

    chunk_bytes: int = CHUNK_BYTES
    has_contents: bool = True
    crosses_mounts: bool = False

    def pack(self, top: str, selection: Selection | None = None) -> Pieces:
        """Yield the pieces of what is in a folder.

        Raises:
            FileAccessError: something that was begun cannot be read to its end.
            FileNotFoundError: something that was selected is not there.

        """
        with open_folder(top) as folder:
            try:
                yield from self._selected(folder, b"", selection or {}, folder.stat().st_dev)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise FileAccessError(top, error) from error

    def pack_one(self, top: str, name: str, as_name: str) -> Pieces:
        """Yield the pieces of one file that is in a folder, under another name."""
        with open_folder(top) as folder:
            yield from self._piece(folder, name, Kind.FILE, os.fsencode(as_name))

    def _selected(self, folder: Folder, above: bytes, selection: Selection, device: int) -> Pieces:
        if not selection:
            yield from self._everything(folder, above, device)
        for name, below in selection.items():
            path = above + os.fsencode(name)
            kind = _kind_of_selected(folder, name, path, below)
            if kind is Kind.FOLDER:
                yield from self._folder(folder, name, path, below, device)
            else:
                yield from self._piece(folder, name, kind, path)

    def _everything(self, folder: Folder, above: bytes, device: int) -> Pieces:
        """Yield what is in a folder; folders last, when the listing has ended, unless they are many."""
        names = []
        for name, kind in _listed(folder):
            if kind is not Kind.FOLDER:
                yield from self._piece(folder, name, kind, above + os.fsencode(name))
                continue
            names.append(name)
            if len(names) == MOST_NAMES:
                yield from self._folders(folder, names, above, device)
                names.clear()
        yield from self._folders(folder, names, above, device)

    def _folders(self, parent: Folder, names: Sequence[str], above: bytes, device: int) -> Pieces:
        for name in names:
            yield from self._folder(parent, name, above + os.fsencode(name), {}, device)

    def _folder(self, parent: Folder, name: str, path: bytes, selection: Selection, device: int) -> Pieces:
        if why := _why_too_deep(path):
            yield LeftOut(path, why)
            return
        try:
            folder = parent.enter(name)
        except OSError as error:
            yield from _left_out(path, error)
            return
        with folder:
            found = folder.stat()
            if found.st_dev != device and not self.crosses_mounts:
                yield LeftOut(path, "on another filesystem")
                return
            mode = stat.S_IMODE(found.st_mode) & PERMISSIONS
            yield Entry(path, Kind.FOLDER, mode, found.st_mtime_ns)
            yield from self._selected(folder, path + b"/", selection, device)

    def _piece(self, folder: Folder, name: str, kind: Kind | None, path: bytes) -> Pieces:
        if why := _why_too_deep(path):
            yield LeftOut(path, why)
            return
        try:
            if kind is Kind.FILE:
                yield from self._file(folder, name, path)
            elif kind is Kind.LINK:
                yield _link(folder, name, path)
            else:
                yield LeftOut(path, "not a file, a folder or a symbolic link")
        except OSError as error:
            yield from _left_out(path, error)

    def _file(self, folder: Folder, name: str, path: bytes) -> Pieces:
        fd = folder.open_file(name)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                yield LeftOut(path, "it changed while it was looked at")
                return
            mode = stat.S_IMODE(found.st_mode) & PERMISSIONS
            yield Entry(path, Kind.FILE, mode, found.st_mtime_ns, size_bytes=found.st_size)
            if self.has_contents:
                yield from self._content(fd, path, found.st_size)
        finally:
            os.close(fd)

    def _content(self, fd: int, path: bytes, left_bytes: int) -> Pieces:
        try:
            while left_bytes and (chunk := os.read(fd, min(left_bytes, self.chunk_bytes))):
                left_bytes -= len(chunk)
                yield chunk
        except OSError as error:  # too late to leave it out: it has begun
            raise FileAccessError(shown(path), error) from error


def selection_of(paths: Iterable[bytes]) -> Selection:
    """Return what these paths select; a path below another one that is selected adds nothing.

    Raises:
        InvalidFileError: one of them breaks a rule.

    """
    selection: Selection = {}
    whole: set[Sequence[str]] = set()
    for path in sorted(set(paths), key=lambda path: path.count(b"/")):
        names = tuple(names_of(path))
        if any(names[:length] in whole for length in range(1, len(names))):
            continue
        whole.add(names)
        below = selection
        for name in names:
            below = below.setdefault(name, {})
    return selection


def next_batch(pieces: Iterator[Piece], chunk_bytes: int = CHUNK_BYTES) -> Sequence[Piece]:
    """Return the next pieces, so many that they are worth a message: two chunks at most; none at the end."""
    batch: list[Piece] = []
    size_bytes = 0
    for piece in pieces:
        batch.append(piece)
        size_bytes += _size_bytes(piece)
        if size_bytes >= chunk_bytes:
            break
    return batch


def _listed(folder: Folder) -> Iterator[tuple[str, Kind | None]]:
    with contextlib.suppress(FileNotFoundError):  # it was removed while it is open
        yield from folder.kinds()


def _kind_of_selected(folder: Folder, name: str, path: bytes, below: Selection) -> Kind | None:
    try:
        kind = folder.kind(name)
    except FileNotFoundError:
        raise _absent(path) from None
    if below and kind is not Kind.FOLDER:
        raise _absent(path + b"/" + os.fsencode(next(iter(below))))
    return kind


def _absent(path: bytes) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), shown(path))


def _size_bytes(piece: Piece) -> int:
    """Return about what a piece takes in a message; an entry has half a dozen numbers beside its texts."""
    if isinstance(piece, bytes):
        return len(piece) + 16
    return len(piece.path) + (len(piece.target) if isinstance(piece, Entry) else len(piece.why)) + 48


def _link(folder: Folder, name: str, path: bytes) -> Piece:
    target = os.fsencode(folder.read_link(name)).replace(os.sep.encode(), b"/")
    if why := why_outside(path, target):
        return LeftOut(path, why)
    return Entry(path, Kind.LINK, PERMISSIONS, folder.stat(name).st_mtime_ns, target)


def _why_too_deep(path: bytes) -> str:
    if path.count(b"/") < DEEPEST:
        try:
            names_of(path)
        except InvalidFileError:
            return "its path is too long"
        return ""
    return f"more than {DEEPEST} folders deep"


def _left_out(path: bytes, error: OSError) -> Iterator[Piece]:
    if not isinstance(error, FileNotFoundError):
        yield LeftOut(path, error.strerror or str(error))
