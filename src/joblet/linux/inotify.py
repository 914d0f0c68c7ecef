"""File events, inotify(7), awaited on the running event loop.

One instance serves any number of watches, and several watches may share a
path (the kernel gives them one descriptor, so we count). An event is a hint
that something happened, never a message: a waiter arms its `Watch` first,
looks at the file, and only then waits, so that nothing falls in between. An
overflow of the kernel's queue wakes everybody, which is always correct.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from typing import Self

IN_MODIFY = 0x2
IN_CLOSE_WRITE = 0x8
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000

_EVENT = struct.Struct("iIII")  # wd, mask, cookie, length of the name that follows
_BUFFER_BYTES = 64 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, path: str | None = None) -> int:
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), path)
    return result


class Watch:
    """Wakes one waiter when its path changes; a context manager."""

    def __init__(self, inotify: Inotify, descriptor: int) -> None:
        self._inotify = inotify
        self._descriptor = descriptor
        self._happened = asyncio.Event()

    def arm(self) -> None:
        """Forget what happened so far; the next `wait` returns for anything after this."""
        self._happened.clear()

    async def wait(self) -> None:
        """Return once something has happened since `arm`."""
        await self._happened.wait()

    def wake(self) -> None:
        """Make `wait` return, for a reason of the caller's own."""
        self._happened.set()

    def close(self) -> None:
        """Stop watching; idempotent."""
        self._inotify._forget(self._descriptor, self)  # noqa: SLF001  two halves of one mechanism

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Inotify:
    """An inotify instance read by the running event loop.

    Raises:
        OSError: EMFILE, the user has too many instances (`fs.inotify.max_user_instances`).

    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._watches: dict[int, set[Watch]] = {}
        self._loop.add_reader(self._fd, self._dispatch)

    def watch(self, path: str | os.PathLike[str], mask: int) -> Watch:
        """Watch a path for the events in mask; all watches of one path share the first's mask.

        Raises:
            OSError: the path does not exist, or ENOSPC: too many watches (`fs.inotify.max_user_watches`).

        """
        name = os.fspath(path)
        descriptor = _checked(_libc.inotify_add_watch(self._fd, os.fsencode(name), mask), name)
        watch = Watch(self, descriptor)
        self._watches.setdefault(descriptor, set()).add(watch)
        return watch

    def close(self) -> None:
        """Wake every waiter and free the instance; idempotent."""
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1
        self._wake_all()
        self._watches.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _dispatch(self) -> None:
        try:
            buffer = os.read(self._fd, _BUFFER_BYTES)
        except BlockingIOError:
            return
        position = 0
        while position < len(buffer):
            descriptor, mask, _cookie, name_bytes = _EVENT.unpack_from(buffer, position)
            position += _EVENT.size + name_bytes
            if mask & IN_Q_OVERFLOW:
                self._wake_all()
                continue
            for watch in self._watches.get(descriptor, ()):
                watch.wake()
            if mask & IN_IGNORED:  # the file is gone and the kernel may reuse the number
                self._watches.pop(descriptor, None)

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()

    def _forget(self, descriptor: int, watch: Watch) -> None:
        watches = self._watches.get(descriptor)
        if watches is None or watch not in watches:
            return
        watches.discard(watch)
        if not watches:
            del self._watches[descriptor]
            # Fails with EINVAL if the file has just gone, which is the same outcome.
            _libc.inotify_rm_watch(self._fd, descriptor)
