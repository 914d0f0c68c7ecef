"""Raw bytes from stdin: a file, a pipe, a terminal, or nothing at all.

No more is read than somebody waits for, so what the job does not take is left
to whoever reads next.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator

from joblet.cli.aside import Aside

STDIN_FD = 0
BLOCK_BYTES = 1 << 16


async def stdin_blocks() -> AsyncGenerator[bytes, None]:
    """Yield what comes on stdin, to its end.

    Raises:
        OSError: it cannot be read.

    """
    if sys.stdin is None:  # closed by whoever started us; the number may be another file's by now
        return
    async with Aside() as aside:
        while block := await aside.call(lambda: os.read(STDIN_FD, BLOCK_BYTES)):
            yield block
