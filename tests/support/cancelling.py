"""Cancels a call at each of its await points, one after the other.

An await point is where the call gives control to the event loop: counted at
the coroutine itself, so that the n-th one is the same in each run, however
often the loop turns meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")

ENOUGH = 200
"""More await points than any call has: one that does not end is a failure."""


class CancelledAt(Awaitable[Result]):
    """A coroutine whose task is cancelled as it waits for the n-th time, counted from 0."""

    def __init__(self, call: Coroutine[Any, Any, Result], n: int) -> None:
        self._call = call
        self._left = n

    def __await__(self) -> Generator[Any, Any, Result]:
        return self._stepped()

    def _stepped(self) -> Generator[Any, Any, Result]:
        step: Callable[[], Any] = lambda: self._call.send(None)  # noqa: E731  the next one may be a throw
        while True:
            try:
                waits_for = step()
            except StopIteration as end:
                result: Result = end.value
                return result
            if self._left == 0:
                current = asyncio.current_task()
                assert current
                current.cancel()
            self._left -= 1
            step = yield from self._passed_on(waits_for)

    def _passed_on(self, waits_for: object) -> Generator[Any, Any, Callable[[], Any]]:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001  whatever the loop throws in belongs to the call
            thrown = error
            return lambda: self._call.throw(thrown)
        return lambda: self._call.send(None)


async def cancel_everywhere(
    call: Callable[[], Coroutine[Any, Any, object]], check: Callable[[], Awaitable[None]]
) -> int:
    """Call, cancelled at each await point in turn; check after each; return how many there are.

    It has them all when a call comes to its end uncancelled.
    """
    for n in range(ENOUGH):
        cancelled_at = CancelledAt(call(), n)
        try:
            await asyncio.create_task(awaited(cancelled_at))
        except asyncio.CancelledError:
            await check()
        else:
            await check()
            return n
    raise AssertionError(f"the call did not end within {ENOUGH} await points")


async def awaited(awaitable: Awaitable[Result]) -> Result:
    """Make a coroutine of it, which a task wants."""
    return await awaitable
