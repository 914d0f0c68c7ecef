"""A complete tree from a folder of its own to where it belongs, by renames: nothing is ever there in half."""

from __future__ import annotations

import os
import stat

from joblet.errors import FileAccessError
from joblet.files.entry import Kind
from joblet.files.folder import Folder


def merge(source: Folder, target: Folder) -> None:
    """Move what is in one folder to another on the same filesystem.

    A file there is replaced, a folder is merged into, and keeps its own mode;
    a link there is replaced as what it is, and never followed.

    Raises:
        FileAccessError: a folder is in the place of something else or the other
            way round, or the system does not let it be moved.

    """
    for name, kind in list(source.kinds()):
        try:
            if kind is not Kind.FOLDER:
                source.replace(name, target)
            elif _has(target, name):
                with target.enter(name) as below, _opened_up(source, name) as folder:
                    merge(folder, below)
            else:
                _move_folder(source, name, target)
        except OSError as error:
            raise FileAccessError(os.path.join(target.path, name), error) from error


def discard(folder: Folder) -> None:
    """Delete everything in a folder that nobody else writes to.

    Raises:
        OSError: the system does not let it go.

    """
    for name, kind in list(folder.kinds()):
        if kind is not Kind.FOLDER:
            folder.remove(name)
            continue
        with _opened_up(folder, name) as below:
            discard(below)
        folder.remove_folder(name)


def _has(folder: Folder, name: str) -> bool:
    try:
        folder.stat(name)
    except FileNotFoundError:
        return False
    return True


def _move_folder(source: Folder, name: str, target: Folder) -> None:
    # Who is not root needs to write to a folder to move it, for its `..` changes: rename(2), EACCES.
    was = source.stat(name)
    source.open_up(name)
    source.replace(name, target)
    with target.enter(name) as moved:
        moved.finish(stat.S_IMODE(was.st_mode), was.st_mtime_ns, None)


def _opened_up(parent: Folder, name: str) -> Folder:
    parent.open_up(name)
    return parent.enter(name)
