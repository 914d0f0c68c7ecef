"""One cgroup directory, of either version: its files, its members, its end.

`cgroup_v1.py` and `cgroup_v2.py` say which files; this module says how they
are read, written, emptied and removed. Paths are absolute and full: relative
to a directory fd was measured, and is not faster.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterable, Sequence

from joblet.linux.cgroup_limits import CgroupMismatch, Setting
from joblet.linux.pidfd import PidFd

_READ_BYTES = 64 * 1024
_PIDFDS_AT_ONCE = 128  # a job may have more processes than we may open files


def read_file(path: str) -> str:
    """Return the text of a small file of the cgroup filesystem.

    Raises:
        OSError: it cannot be read; ENODEV when its cgroup has just been removed.

    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _read(fd, path)
    finally:
        os.close(fd)


def write_file(path: str, text: str) -> None:
    """Write a file of the cgroup filesystem in one write, as the kernel wants it.

    Raises:
        OSError: the kernel refuses the text, or there is no such file.

    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _write(fd, path, text)
    finally:
        os.close(fd)


def apply(path: str, settings: Iterable[Setting]) -> None:
    """Write each setting to the cgroup at path, and read it back.

    Raises:
        CgroupMismatch: the kernel took one and says something else.
        OSError: the kernel refuses one, or its file does not exist.

    """
    for setting in settings:
        file = f"{path}/{setting.file}"
        fd = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            _write(fd, file, setting.value)
            got = _read(fd, file).strip()
        finally:
            os.close(fd)
        if got != setting.reads:
            raise CgroupMismatch(file, setting.reads, got)


def read_members(path: str) -> list[int]:
    """Return the pids in the cgroup at path; none if it is gone.

    A zombie is no member. A process that our pid namespace cannot see is
    listed by the kernel as 0, and left out here.
    """
    try:
        text = read_file(f"{path}/cgroup.procs")
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENODEV}:
            return []
        raise
    return [int(pid) for pid in text.split() if pid != "0"]


def kill_members(path: str) -> None:
    """Send SIGKILL to every process in the cgroup at path, and to nothing else.

    The caller forbids new ones (`pids.max`), or this chases a fork bomb.
    """
    killed: set[int] = set()
    while newcomers := [pid for pid in read_members(path) if pid not in killed]:
        killed.update(newcomers)
        for start in range(0, len(newcomers), _PIDFDS_AT_ONCE):
            _kill_at_once(path, newcomers[start : start + _PIDFDS_AT_ONCE])


async def wait_members_ended(path: str) -> None:
    """Return once no process is in the cgroup at path. The caller sets the timeout."""
    while pids := read_members(path):
        # One at a time: after a kill the others are mostly gone when the first is.
        for process in _open_members(path, pids[:1]):
            with process:
                await process.wait_ended()


def remove(path: str) -> None:
    """Remove the cgroup at path and those below it; one that is gone is fine.

    Raises:
        OSError: EBUSY, a process is still in one of them.

    """
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rmdir(path)
        except OSError as error:
            # EBUSY is also how the kernel says that there are cgroups below.
            if error.errno != errno.EBUSY or not (below := _subdirectories(path)):
                raise
            for child in below:
                remove(child)
            os.rmdir(path)


def _kill_at_once(path: str, pids: Sequence[int]) -> None:
    for process in _open_members(path, pids):
        with process, contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)


def _open_members(path: str, pids: Sequence[int]) -> list[PidFd]:
    """Hold those of these pids that are in the cgroup at path.

    A pid may be a stranger's by the time that it is opened, so membership is
    read again with the pidfds in hand. A pid that is still listed belongs to
    the process that we hold, or to none that lives: while that process lives,
    nobody else can have its number.
    """
    with contextlib.ExitStack() as opened:
        held = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                held.append(opened.enter_context(PidFd(pid)))
        members = frozenset(read_members(path))
        opened.pop_all()
    for process in held:
        if process.pid not in members:
            process.close()
    return [process for process in held if process.pid in members]


def _subdirectories(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]


def _read(fd: int, path: str) -> str:
    # Errors of read(2) and write(2) carry no name by themselves.
    text = b""
    try:
        while chunk := os.pread(fd, _READ_BYTES, len(text)):
            text += chunk
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), path) from None
    return text.decode("ascii", "replace")


def _write(fd: int, path: str, text: str) -> None:
    try:
        os.write(fd, text.encode("ascii"))
    except OSError as error:
        raise OSError(error.errno, f"{os.strerror(error.errno or 0)} (writing {text!r})", path) from None
