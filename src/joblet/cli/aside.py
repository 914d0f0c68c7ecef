"""Blocking calls beside the event loop, in a thread that nobody waits for.

A pipe that nobody reads and a keyboard that nobody presses block for ever, and
meanwhile the server wants its pings answered. Neither can be made
non-blocking: the flag is the terminal's, shared with the shell. So a thread
calls. It is a daemon thread, and is given nothing with a buffer of Python's:
the program's end must not wait for it, nor for a lock that is held in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

Result = TypeVar("Result")


class Call(Generic[Result]):
    """One blocking call, and who waits for it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self.ended: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._work = work

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the call, in the thread."""
        finish: Callable[[], None]
        try:
            result = self._work()
        except OSError as failure:
            error = failure  # Python forgets `failure`
            finish = lambda: self.ended.set_exception(error)  # noqa: E731  two words on each side
        else:
            finish = lambda: self.ended.set_result(result)  # noqa: E731
        # The loop is closed when Ctrl-C came in the meantime.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if self.ended.done() else finish())


class Aside:
    """Makes blocking calls one after the other; use as `async with Aside() as aside:`."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call[Any] | None] = queue.SimpleQueue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, args=[loop], daemon=True).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._calls.put(None)  # the thread ends when it gets to that, which nobody waits for

    async def call(self, work: Callable[[], Result]) -> Result:
        """Return what a blocking call returns.

        Raises:
            OSError: as the call does.

        """
        call = Call(work)
        self._calls.put(call)
        return await call.ended

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while call := self._calls.get():
            call.run(loop)
