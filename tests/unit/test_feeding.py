"""Input goes where it is to go, each byte once, whatever connections do."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import InputReplacedError, ServerUnavailableError
from joblet.feeding import BLOCK_BYTES, KEPT_BYTES, Backlog, Feeding, Progress, cancel_all, first_of
from joblet.job import Terminal
from support.blocks import each, never


class Sink:
    """A job that takes everything, over connections that are lost after so many packets each."""

    def __init__(self, lives: Iterable[int] = ()) -> None:
        self.taken = bytearray()
        self.is_closed = False
        self.sizes: list[Terminal] = []
        self._lives = iter(lives)
        self._left: int | None = None
        self._news: asyncio.Queue[Progress | None] = asyncio.Queue()
        self._is_full = asyncio.Event()

    def connect(self) -> Sink:
        self._left = next(self._lives, None)
        self._news = asyncio.Queue()
        self._tell()
        return self

    async def progress(self) -> Progress:
        progress = await self._news.get()
        if progress is None:
            raise ServerUnavailableError("lost")
        return progress

    async def send_content(self, offset: int, content: bytes) -> None:
        assert 0 < len(content) <= BLOCK_BYTES
        if self._is_lost():
            return
        assert offset == len(self.taken)
        self.taken += content
        self._tell()

    async def send_end(self, offset: int) -> None:
        if self._is_lost():
            return
        assert offset == len(self.taken)
        self.is_closed = True
        self._tell()

    async def send_size(self, size: Terminal) -> None:
        if not self._is_lost():
            self.sizes.append(size)
            self._tell()

    def _tell(self) -> None:
        self._news.put_nowait(Progress(len(self.taken), self.is_closed))

    def _is_lost(self) -> bool:
        """Whether this packet, and all that come, are lost with the connection."""
        if self._left is None:
            return False
        self._left -= 1
        if self._left == 0:
            self._news.put_nowait(None)
        return self._left <= 0


async def feed(sink: Sink, feeding: Feeding) -> None:
    """Feed over as many connections as it takes."""
    while True:
        try:
            await feeding.over(sink.connect())
        except ServerUnavailableError:
            continue
        return


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(1, 5), max_size=20))
def test_each_byte_arrives_once(blocks: list[bytes], lives: list[int]) -> None:
    """Whatever is lost with connections is sent again over the next, and nothing else is."""
    sink = Sink(lives)

    async def run() -> None:
        async with Feeding("1", each(*blocks)) as feeding:
            await feed(sink, feeding)

    asyncio.run(run())

    assert sink.taken == b"".join(blocks)
    assert sink.is_closed


async def test_it_begins_where_the_job_is() -> None:
    """What was given before stays as it is."""
    sink = Sink()
    sink.taken += b"before"
    async with Feeding("1", each(b"after")) as feeding:
        await feed(sink, feeding)

    assert sink.taken == b"beforeafter"


async def test_a_job_that_takes_no_more_ends_it() -> None:
    """However much there would be to come."""
    sink = Sink()
    sink.is_closed = True
    async with Feeding("1", never()) as feeding:
        await feed(sink, feeding)


@pytest.mark.parametrize("lives", [[], [1, 5, 17, 18, 19]])
async def test_a_block_of_any_size_is_parted(lives: list[int]) -> None:
    """What is read at once may be large; no more of it is kept than is allowed."""
    sink = Sink(lives)
    async with Feeding("1", each(bytes(3 * KEPT_BYTES + 1))) as feeding:
        await feed(sink, feeding)

    assert len(sink.taken) == 3 * KEPT_BYTES + 1


async def test_room_that_comes_with_a_connection() -> None:
    """A reader that waits for room goes on when the next connection says that all was taken."""
    content = random.Random(5).randbytes(2 * KEPT_BYTES)

    class Silent(Sink):
        """Takes everything, and says so over the next connection only."""

        is_silent = True

        def _tell(self) -> None:
            if not self.is_silent or not self.taken:
                super()._tell()
            elif len(self.taken) == KEPT_BYTES:
                self.is_silent = False
                self._news.put_nowait(None)

    sink = Silent()
    async with Feeding("1", each(content)) as feeding:
        await feed(sink, feeding)

    assert sink.taken == content


async def test_no_more_is_read_than_may_be_kept() -> None:
    """A job that takes nothing keeps the input unread."""
    read = 0

    async def blocks() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += BLOCK_BYTES
            yield bytes(BLOCK_BYTES)

    class Stuck(Sink):
        async def send_content(self, offset: int, content: bytes) -> None:  # noqa: ARG002  it takes nothing
            if offset >= KEPT_BYTES - BLOCK_BYTES:
                self._is_full.set()

    sink = Stuck()
    async with Feeding("1", blocks()) as feeding:
        feeding_it = asyncio.create_task(feed(sink, feeding))
        await sink._is_full.wait()
        feeding_it.cancel()
        await asyncio.wait([feeding_it])

    assert read <= KEPT_BYTES + BLOCK_BYTES


async def test_a_failure_to_read_is_raised() -> None:
    """And what was read before has been sent."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"before"
        raise OSError("cannot read")

    sink = Sink()
    with pytest.raises(OSError, match="cannot read"):
        async with Feeding("1", broken()) as feeding:
            await feed(sink, feeding)

    assert not sink.is_closed


async def test_the_last_size_is_sent_over_each_connection() -> None:
    """One that changed while nobody could be told is told to the next."""
    sizes: asyncio.Queue[Terminal] = asyncio.Queue()

    async def changes() -> AsyncIterator[Terminal]:
        while True:
            yield await sizes.get()

    sizes.put_nowait(Terminal(1, 2))
    sink = Sink(lives=[1])
    async with Feeding("1", each(b"x"), changes()) as feeding:
        await feed(sink, feeding)

    assert sink.sizes == [Terminal(1, 2)]


def test_somebody_else_s_bytes_are_noticed() -> None:
    """A job that was given more than we sent, or less than it has told, is not ours to go on with."""
    backlog = Backlog("7")
    backlog.add(b"abcdef")
    backlog.resume(10)
    backlog.take_block()
    backlog.confirm(12)
    for taken in (11, 17):
        with pytest.raises(InputReplacedError, match="input of job 7 is written by somebody else now"):
            backlog.resume(taken)

    backlog.resume(14)

    assert backlog.take_block() == b"ef"


async def test_the_first_of_some() -> None:
    """The others are over when it returns, or raises."""
    was_cancelled = False

    async def long() -> None:
        nonlocal was_cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled = True
            raise

    async def short() -> None:
        await asyncio.sleep(0)
        raise KeyError

    with pytest.raises(KeyError):
        await first_of(long(), short())

    assert was_cancelled


async def test_a_cancellation_that_is_lost() -> None:
    """A task that takes its cancellation for something else is cancelled again."""
    has_lost = asyncio.Event()

    async def loses_one() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        has_lost.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(loses_one())
    await asyncio.sleep(0)
    await cancel_all([task])

    assert has_lost.is_set()
    assert task.cancelled()
