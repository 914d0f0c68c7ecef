"""An open folder: what is in it is reached by its name in it, never by a path, and no link is followed.

Each step into a folder is an open of one name with O_NOFOLLOW, so that a link
which is put in the way in the meantime is an error, not a way out (openat(2)).
Linux alone could resolve a whole path like that in one call (openat2(2),
RESOLVE_BENEATH); this is as safe, and the same on macOS. Windows has no folder
descriptors: there each name is looked at before it is used, which somebody
else who writes to the same folder can outrun.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from typing import Self

from joblet.errors import FileAccessError
from joblet.files.entry import Kind

HAS_FOLDER_FDS = os.open in os.supports_dir_fd

# What a platform lacks is 0: no flag.
OPEN_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
BENEATH = getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
# O_NONBLOCK: a FIFO in the place of a file must not block the open (fifo(7)).
READ = os.O_RDONLY | BENEATH | getattr(os, "O_NONBLOCK", 0) | BINARY
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BENEATH | BINARY

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600

# Names that are something else on Windows: devices, streams, paths.
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
NO_WINDOWS_NAME = re.compile(
    r'.*[<>:"/\\|?*\x00-\x1f].*|.*[. ]|(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?', re.IGNORECASE | re.DOTALL
)

KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.FOLDER, stat.S_IFLNK: Kind.LINK}

Owner = tuple[int, int]
"""A user and a group, by number."""


class Folder:
    """An open folder, until `close`. Every method raises OSError as the system does."""

    def __init__(self, path: str, fd: int | None) -> None:
        self.path = path
        self._fd = fd
        self._self: int | str = path if fd is None else fd

    @classmethod
    def open(cls, path: str) -> Self:
        """Open the folder that this path leads to, links included: whoever says it means it."""
        if HAS_FOLDER_FDS:
            return cls(path, os.open(path, OPEN_FOLDER))
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return cls(path, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a second time does nothing."""
        if self._fd is not None and self._fd >= 0:
            os.close(self._fd)
            self._fd = self._self = -1

    def enter(self, name: str) -> Folder:
        """Open a folder in this one."""
        path = os.path.join(self.path, name)
        if self._fd is not None:
            return Folder(path, os.open(name, OPEN_FOLDER | BENEATH, dir_fd=self._fd))
        if self.kind(name) is not Kind.FOLDER:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return Folder(path, None)

    def kinds(self) -> Iterator[tuple[str, Kind | None]]:
        """Yield each name in this folder with what it is, None for what is not carried."""
        with os.scandir(self._self) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield entry.name, Kind.FILE
                elif entry.is_dir(follow_symlinks=False):
                    yield entry.name, Kind.FOLDER
                else:
                    yield entry.name, Kind.LINK if entry.is_symlink() else None

    def kind(self, name: str) -> Kind | None:
        """Return what a name is, None for what is not carried."""
        found = self.stat(name)
        # Of a Windows junction lstat says that it is a folder.
        return None if getattr(found, "st_reparse_tag", 0) else KINDS.get(stat.S_IFMT(found.st_mode))

    def stat(self, name: str = "") -> os.stat_result:
        """Return the status of a name, or of this folder."""
        if not name:
            return os.stat(self._self)
        return os.stat(self._at(name), dir_fd=self._fd, follow_symlinks=False)

    def open_file(self, name: str) -> int:
        """Return an fd to read from; whoever gets it must look whether it is a file."""
        if self._fd is None and self.kind(name) is not Kind.FILE:
            raise OSError(errno.EINVAL, "not a file", name)
        return os.open(self._at(name), READ, dir_fd=self._fd)

    def create_file(self, name: str) -> int:
        """Return an fd of a new file to write to."""
        return os.open(self._at(name), CREATE, PRIVATE_FILE, dir_fd=self._fd)

    def create_folder(self, name: str) -> None:
        """Make a new folder, which is nobody else's yet."""
        os.mkdir(self._at(name), PRIVATE_FOLDER, dir_fd=self._fd)

    def create_link(self, name: str, target: str, modified_ns: int, owner: Owner | None) -> None:
        """Make a new symbolic link."""
        os.symlink(target, self._at(name), dir_fd=self._fd)
        if os.utime in os.supports_follow_symlinks:
            os.utime(self._at(name), ns=(modified_ns, modified_ns), dir_fd=self._fd, follow_symlinks=False)
        if owner:
            os.chown(self._at(name), *owner, dir_fd=self._fd, follow_symlinks=False)

    def read_link(self, name: str) -> str:
        """Return the target of a symbolic link."""
        return os.readlink(self._at(name), dir_fd=self._fd)

    def finish_file(self, name: str, fd: int, mode: int, modified_ns: int, owner: Owner | None) -> None:
        """Give a file that is still open its final owner, mode and time."""
        file = self._at(name) if self._fd is None else fd
        if owner:
            os.chown(file, *owner)
        os.chmod(file, mode)
        os.utime(file, ns=(modified_ns, modified_ns))

    def finish(self, mode: int, modified_ns: int, owner: Owner | None) -> None:
        """Give this folder its final owner, mode and time: nothing is written to it afterwards."""
        if owner:
            os.chown(self._self, *owner)
        os.chmod(self._self, mode)
        os.utime(self._self, ns=(modified_ns, modified_ns))

    def replace(self, name: str, target: Folder) -> None:
        """Move a file, a link or a folder to another folder, in the place of what has its name there."""
        os.replace(self._at(name), target._at(name), src_dir_fd=self._fd, dst_dir_fd=target._fd)

    def open_up(self, name: str) -> None:
        """Let ourselves into a folder in this one, which nobody else can write to."""
        os.chmod(self._at(name), PRIVATE_FOLDER, dir_fd=self._fd)

    def remove(self, name: str) -> None:
        """Remove a file or a link."""
        os.unlink(self._at(name), dir_fd=self._fd)

    def remove_folder(self, name: str) -> None:
        """Remove a folder that is empty."""
        os.rmdir(self._at(name), dir_fd=self._fd)

    def _at(self, name: str) -> str:
        if self._fd is not None:
            return name
        if os.name == "nt" and NO_WINDOWS_NAME.fullmatch(name):
            raise OSError(errno.EINVAL, "no file can have this name on Windows", name)
        return os.path.join(self.path, name)


def open_folder(path: str) -> Folder:
    """Open a folder of this machine, by a path that its user gave.

    Raises:
        FileAccessError: it cannot be opened.

    """
    try:
        return Folder.open(path)
    except OSError as error:
        raise FileAccessError(path, error) from error
