"""Raw bytes to stdout, without ever blocking the event loop.

`rnx log 1 | less` writes to a pipe that nobody may read for an hour, and
meanwhile the server wants its pings answered or ends the connection. stdout
cannot be made non-blocking: the flag is the terminal's, shared with the shell.
So a thread writes. It is a daemon thread and uses no Python buffer: Ctrl-C
must not wait for a reader that never comes, nor for a lock that is held for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from typing import Self

STDOUT_FD = 1


Chunk = tuple[bytes, asyncio.Future[None]]


class Output:
    """Writes chunks in order, each in full; use as `async with Output() as output:`."""

    def __init__(self, fd: int = STDOUT_FD) -> None:
        self._fd = fd
        self._chunks: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._write_chunks, daemon=True).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._chunks.put(None)  # the thread ends when it gets to that, which nobody waits for

    async def write(self, chunk: bytes) -> None:
        """Return once the chunk is with the system.

        Raises:
            BrokenPipeError: nobody reads any more.
            OSError: it cannot be written, because a disk is full for instance.

        """
        written = self._loop.create_future()
        self._chunks.put((chunk, written))
        await written

    def _write_chunks(self) -> None:
        while next_one := self._chunks.get():
            chunk, written = next_one
            failure = self._failure_of_writing(chunk)
            # The loop is closed when Ctrl-C came in the meantime.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(finish, written, failure)

    def _failure_of_writing(self, chunk: bytes) -> OSError | None:
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            return error
        return None


def finish(written: asyncio.Future[None], failure: OSError | None) -> None:
    """Tell whoever still waits how it went."""
    if written.done():
        return
    if failure:
        written.set_exception(failure)
    else:
        written.set_result(None)
