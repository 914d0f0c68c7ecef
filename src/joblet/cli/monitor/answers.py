"""How `rnx monitor` asks: once, or again and again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from joblet.errors import ServerError
from joblet.metrics import Kind

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.metrics import SystemMetrics


def watched(client: Client, types: Sequence[str], interval: int) -> AsyncGenerator[SystemMetrics, None]:
    """Return the stream of what the host does."""
    return client.watch_system(interval, list(map(Kind, types)))


async def measured_over(client: Client, types: Sequence[str], interval: int | None) -> SystemMetrics:
    """Return what the host did in an interval from now on, or in a short time if none is given.

    Raises:
        ServerError: the server ended the stream before.

    """
    skipped = 0 if interval is None else 1  # the first answer of a stream is of a short time
    async with aclosing(watched(client, types, interval or 1)) as systems:
        async for system in systems:
            if not skipped:
                return system
            skipped -= 1
    raise ServerError("the server ended the stream of metrics")
