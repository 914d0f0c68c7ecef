"""Raw bytes to stdout, without blocking the event loop: `rnx log 1 | less` may not be read for an hour."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing

from joblet.cli.aside import Aside

STDOUT_FD = 1


class Output(Aside):
    """Writes chunks in order, each in full; use as `async with Output() as output:`."""

    def __init__(self, fd: int = STDOUT_FD) -> None:
        super().__init__()
        self._fd = fd

    async def write(self, chunk: bytes) -> None:
        """Return once the chunk is with the system.

        Raises:
            BrokenPipeError: nobody reads any more.
            OSError: it cannot be written, because a disk is full for instance.

        """
        await self.call(lambda: self._write(chunk))

    def _write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._fd, rest) :]


async def write_all(chunks: AsyncGenerator[bytes, None]) -> None:
    """Write chunks to stdout as they come, to their end; raises what making them does, and `Output.write`."""
    async with Output() as output, aclosing(chunks):
        async for chunk in chunks:
            await output.write(chunk)
