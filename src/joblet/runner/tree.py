"""A folder that a job has filled: deleted and measured, however deep it is and whatever its links say.

A job can nest its folders deeper than a path is long and than Python recurses,
so neither shutil.rmtree nor os.walk will do: here is no recursion.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

BLOCK_BYTES = 512
"""The unit of `st_blocks`: stat(2)."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def delete(top: Path) -> None:
    """Delete a folder with all that is in it.

    Each folder's folders are first moved to the top, so that nothing is ever
    deeper than two. A crash in between leaves a folder that can be deleted.

    Raises:
        OSError: it is not there, or something in it cannot be deleted.

    """
    top_fd = os.open(top, FOLDER)
    try:
        pending = _unlink_files(top_fd)
        while pending:
            name = pending.pop()
            pending += _move_folders_up(name, top_fd)
            os.rmdir(name, dir_fd=top_fd)
    finally:
        os.close(top_fd)
    top.rmdir()


def _move_folders_up(name: str, top_fd: int) -> list[str]:
    fd = os.open(name, FOLDER, dir_fd=top_fd)
    moved = []
    try:
        for folder in _unlink_files(fd):
            moved.append(secrets.token_hex(8))  # no name that is there already
            os.rename(folder, moved[-1], src_dir_fd=fd, dst_dir_fd=top_fd)
    finally:
        os.close(fd)
    return moved


def _unlink_files(fd: int) -> list[str]:
    """Unlink what is no folder; return the names of the folders."""
    with os.scandir(fd) as scanned:
        entries = list(scanned)
    folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=fd)
    return folders


def disk_usage(top: Path) -> int:
    """Return a folder's bytes on its disk, but for what vanishes meanwhile or is too deep for a path."""
    total, pending = 0, [str(top)]
    while pending:
        path = pending.pop()
        with contextlib.suppress(OSError):
            total += os.lstat(path).st_blocks * BLOCK_BYTES
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * BLOCK_BYTES
    return total
