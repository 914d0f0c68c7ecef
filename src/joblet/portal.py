"""An event loop in a thread of its own, for callers that are not asynchronous.

What `asyncio.run` is to a program, this is to an object that a script holds:
its connections and watches live on between two calls. It works where a loop
runs already (a notebook), since it never touches that one.

* A caller waits for its call. Ctrl-C cancels the call; the interrupt goes on
  once the call has cleaned up. A second Ctrl-C waits for nothing.
* The thread is a daemon: a portal that nobody closed does not keep the program
  from ending. Jobs do not need it (their shims outlive everything here).
* Not for its own thread, which would wait for itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Portal:
    """Runs coroutines for other threads, from `open` to `close`."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether it takes calls."""
        return self._thread is not None

    def open(self) -> None:
        """Start the thread; return once its loop runs."""
        is_running: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(is_running)), name="joblet", daemon=True
        )
        self._thread.start()
        is_running.result()

    def close(self) -> None:
        """Cancel what still runs, close what it left open, and return once the thread has ended."""
        thread, self._thread = self._thread, None
        if thread:
            self._loop.call_soon_threadsafe(self._closing.set)
            thread.join()

    def require_open(self) -> None:
        """Return if this thread may call.

        Raises:
            RuntimeError: the portal is not open, or this is its own thread.

        """
        if self._thread is None:
            raise RuntimeError("not open: use it as `with ... as ...:`, or call open() first")
        if self._thread is threading.current_thread():
            raise RuntimeError("called from its own event loop, which would wait for itself")

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop, and return its result or raise its error.

        Raises:
            RuntimeError: the portal is not open, or this is its own thread.
            concurrent.futures.CancelledError: another thread closed the portal meanwhile.

        """
        try:
            self.require_open()
        except RuntimeError:
            work.close()
            raise
        call = _Call(self._loop, work)
        try:
            call.begin()
            return call.ended.result()
        except CancelledError:
            raise
        except BaseException:
            # The call's own error (it has ended then), or Ctrl-C in this thread.
            call.cancel_and_wait()
            raise

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the loop, from any thread, and wait for nothing; its errors are its own."""
        if self._thread is None:
            work.close()
        else:
            self._loop.call_soon_threadsafe(self._begin, work)

    def call_or_spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine and wait for it, if that can be done from this thread.

        For what the garbage collector may do: it runs in any thread, the loop's
        too, and after everything was closed.
        """
        if self._thread in {None, threading.current_thread()}:
            self.spawn(work)
        else:
            self.call(work)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, is_running: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        is_running.set_result(None)
        await self._closing.wait()


class _Call(Generic[Result]):
    """A coroutine as a task of another thread's loop.

    Not `asyncio.run_coroutine_threadsafe`: its future, once cancelled, says
    nothing about when the task has ended, and until then it holds things.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Result]) -> None:
        self.ended: Future[Result] = Future()
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[Result] | None = None

    def begin(self) -> None:
        """Start the task; not done by the constructor, where an interrupt would lose it."""
        self._loop.call_soon_threadsafe(self._begin)

    def cancel_and_wait(self) -> None:
        """Cancel the task if it runs; return once it has ended."""
        if not self.ended.done():
            self._loop.call_soon_threadsafe(self._cancel)
            with suppress(CancelledError):
                self.ended.exception()

    def _cancel(self) -> None:
        if self._task:
            self._task.cancel()
        else:  # interrupted before it began: the loop takes these calls in their order
            self._work.close()
            self.ended.cancel()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Result]) -> None:
        if task.cancelled():
            self.ended.cancel()
        elif error := task.exception():
            self.ended.set_exception(error)
        else:
            self.ended.set_result(task.result())
