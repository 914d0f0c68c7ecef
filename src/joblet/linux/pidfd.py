"""Processes held by file descriptor, pidfd_open(2): a pid can be reused, a pidfd cannot."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Self


async def wait_readable(fd: int) -> None:
    """Return once reading the fd would not block; a pidfd is readable when its process has ended."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()

    def wake() -> None:
        # May be called again before the awaiting task has run and removed it.
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(fd, wake)
    try:
        await readable
    finally:
        loop.remove_reader(fd)


class PidFd:
    """One process, by pidfd; a context manager.

    Raises:
        ProcessLookupError: no such process.

    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal.

        Raises:
            ProcessLookupError: the process has ended.

        """
        signal.pidfd_send_signal(self._fd, number)

    async def wait_ended(self) -> None:
        """Return once the process has ended; it need not be a child."""
        await wait_readable(self._fd)

    def reap(self) -> None:
        """Free the process table entry of an ended child; nothing if it is not ours to reap."""
        try:
            os.waitid(os.P_PIDFD, self._fd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            return

    def close(self) -> None:
        """Let go of the process; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
