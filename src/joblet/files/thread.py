"""Blocking work on files, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Return what some blocking work returns; a caller that is cancelled is kept until the work is over.

    `asyncio.to_thread` leaves the thread alone with files that the caller then closes.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            try:
                await asyncio.wait([running])
            except asyncio.CancelledError:  # once more; the first one is raised below
                continue
        if not running.cancelled():
            running.exception()  # nobody else will ask
        raise
