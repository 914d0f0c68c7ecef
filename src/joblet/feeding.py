"""Feeds a job: what is read here goes there, in order, each byte once, over one connection after the other.

What `JobRunner` and `Client` have in common of `write_input`. Not: the
connections, nor when to try the next one.

Bytes are counted from the job's first one on. What was sent and is not yet
known to be taken is kept, at most `KEPT_BYTES`, and nothing is read beyond
that; so whoever comes back after a loss goes on exactly where the job is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, Self

from joblet.errors import InputReplacedError
from joblet.job import Terminal

CANCEL_AGAIN_SECONDS = 0.1
KEPT_BYTES = 1 << 20
BLOCK_BYTES = 1 << 16
"""What is sent at once: as much as the job's shim takes at once."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many bytes a job was given, in all, and whether it takes no more."""

    taken: int
    is_closed: bool


class InputConnection(Protocol):
    """A way to a job's input, as long as it lasts."""

    async def progress(self) -> Progress:
        """Return the next that is told; the first one says where to begin."""
        ...

    async def send_content(self, offset: int, content: bytes) -> None:
        """Send bytes, at most `BLOCK_BYTES`; returns when there is room for more."""
        ...

    async def send_end(self, offset: int) -> None:
        """Send the end of file."""
        ...

    async def send_size(self, size: Terminal) -> None:
        """Send the terminal's new size."""
        ...


class Backlog:
    """What was read and is not yet known to be taken. Pure; offsets are the job's."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._kept = bytearray()
        self._confirmed = 0
        self._next = 0
        self.has_begun = False
        self._furthest = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be added for now."""
        return len(self._kept) >= KEPT_BYTES

    @property
    def next_offset(self) -> int:
        """Where what is sent next begins."""
        return self._next

    def add(self, content: bytes) -> None:
        """Add what was read."""
        self._kept += content

    def resume(self, taken: int) -> None:
        """Go on at the byte that the job takes next: the first time wherever that is.

        Raises:
            InputReplacedError: it was given what we have not sent.

        """
        if not self.has_begun:
            self.has_begun = True
            self._confirmed = self._furthest = taken
        elif not self._confirmed <= taken <= self._furthest:
            raise InputReplacedError(self._job_id)
        self.confirm(taken)
        self._next = taken

    def confirm(self, taken: int) -> None:
        """Let go of what the job has been given."""
        del self._kept[: max(taken - self._confirmed, 0)]
        self._confirmed = max(taken, self._confirmed)

    def take_block(self) -> bytes:
        """Return what is to be sent next, empty if it has not been read; `next_offset` is then behind it."""
        start = self._next - self._confirmed
        block = bytes(self._kept[start : start + BLOCK_BYTES])
        self._next += len(block)
        self._furthest = max(self._furthest, self._next)
        return block


class Feeding:
    """One input, and the sizes of a terminal, on their way to one job; reads while the block runs."""

    def __init__(
        self, job_id: str, content: AsyncIterable[bytes], sizes: AsyncIterable[Terminal] | None = None
    ) -> None:
        self._content = content
        self._sizes = sizes
        self._backlog = Backlog(job_id)
        self._new_sizes: deque[Terminal] = deque()
        self._last_size: Terminal | None = None
        self._has_ended = False
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._readers = [asyncio.create_task(self._read())]
        if self._sizes is not None:
            self._readers.append(asyncio.create_task(self._read_sizes(self._sizes)))
        for reader in self._readers:
            reader.add_done_callback(lambda _: self._changed.set())
        return self

    @property
    def has_begun(self) -> bool:
        """Whether there has been a connection to the job."""
        return self._backlog.has_begun

    async def __aexit__(self, *exc: object) -> None:
        await cancel_all(self._readers)

    async def over(self, connection: InputConnection) -> None:
        """Feed the job until it takes no more.

        Raises:
            InputReplacedError: somebody else has written to it.
            BaseException: what reading the input raised, or the connection did.

        """
        progress = await connection.progress()
        self._backlog.resume(progress.taken)
        self._has_room.set()
        if not progress.is_closed:
            await first_of(self._receive(connection), self._send(connection))

    async def _receive(self, connection: InputConnection) -> None:
        is_closed = False
        while not is_closed:
            progress = await connection.progress()
            self._backlog.confirm(progress.taken)
            self._has_room.set()
            is_closed = progress.is_closed

    async def _send(self, connection: InputConnection) -> None:
        has_sent_end = False
        if self._last_size and not self._new_sizes:
            self._new_sizes.append(self._last_size)  # the loss may have been its own, too
        while True:
            self._changed.clear()
            self._raise_failure()
            if self._new_sizes:
                self._last_size = self._new_sizes.popleft()
                await connection.send_size(self._last_size)
            elif block := self._backlog.take_block():
                await connection.send_content(self._backlog.next_offset - len(block), block)
            elif self._has_ended and not has_sent_end:
                has_sent_end = True
                await connection.send_end(self._backlog.next_offset)
            else:
                await self._changed.wait()

    def _raise_failure(self) -> None:
        for reader in self._readers:
            if reader.done():
                reader.result()

    async def _read(self) -> None:
        async for content in self._content:
            for start in range(0, len(content), BLOCK_BYTES):
                while self._backlog.is_full:
                    self._has_room.clear()
                    await self._has_room.wait()
                self._backlog.add(content[start : start + BLOCK_BYTES])
                self._changed.set()
        self._has_ended = True

    async def _read_sizes(self, sizes: AsyncIterable[Terminal]) -> None:
        async for size in sizes:
            self._new_sizes.append(size)
            self._changed.set()


async def first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Return when the first of them ends, or raise what it raises, once all others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        next(task for task in tasks if task in done).result()
    finally:
        await cancel_all(tasks)


async def cancel_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended; what they raise is nobody's any more.

    Once is not enough for one that is in a call: when the server ends that at
    the same moment, grpclib takes the cancellation for its own (`Wrapper`), and
    the task goes on with the call's error.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # so that it is not called "never retrieved"
