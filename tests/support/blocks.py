"""What a job is fed in tests, bit by bit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


async def each(*blocks: bytes) -> AsyncIterator[bytes]:
    """Yield these, and end."""
    for block in blocks:
        yield block


async def never() -> AsyncIterator[bytes]:
    """Yield nothing, and do not end: somebody at a keyboard who thinks."""
    await asyncio.Event().wait()
    yield b""
