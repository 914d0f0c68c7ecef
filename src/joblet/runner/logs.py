"""Reads a job's log from any offset, and follows it to its very end.

The file is the only buffer: a reader pulls when it is ready for more, so a
slow one costs no memory and delays nobody. A follower is done when its offset
reaches the final size that the job's ending gives, never when the job merely
"is not running": the last bytes and the end may be seen in either order.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from io import FileIO
from pathlib import Path

from joblet.errors import StorageError
from joblet.linux.inotify import IN_MODIFY, Inotify
from joblet.runner.live import LiveJob

CHUNK_BYTES = 256 * 1024


async def read(path: Path, offset: int, size: int) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a log from offset up to size.

    Raises:
        StorageError: the log is shorter than size: somebody else cut it.

    """
    if offset >= size:  # there need not even be a file, if the job was never started
        return
    with path.open("rb", buffering=0) as log:
        while offset < size:
            chunk = _chunk(log, offset, size)
            offset += len(chunk)
            yield chunk


async def follow(live: LiveJob, offset: int, inotify: Inotify) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a running job's log from offset as they come, until the job's last.

    Raises:
        StorageError: the log became shorter than it was.

    """
    path = live.directory.log_path
    # So that whoever has seen output finds the job RUNNING, or ended.
    await live.wait_started()
    if not path.exists():  # a start that was cut off
        await live.wait_ended()
        return
    with inotify.watch(path, IN_MODIFY) as watch, live.waking(watch), path.open("rb", buffering=0) as log:
        while True:
            # Armed before looking: what comes after the look wakes the wait below.
            watch.arm()
            ending = live.job.ending
            size = ending.log_bytes if ending else os.fstat(log.fileno()).st_size
            while offset < size:
                chunk = _chunk(log, offset, size)
                offset += len(chunk)
                yield chunk
            if ending:
                return
            await watch.wait()


def tail_offset(path: Path, lines: int, size: int) -> int:
    """Return where the last lines of a log's first `size` bytes begin, as tail(1) counts them.

    It reads backwards, only as far as it must: a log may be larger than memory.

    Raises:
        StorageError: the log is shorter than size: somebody else cut it.

    """
    if lines == 0 or size == 0:
        return size
    with path.open("rb", buffering=0) as log:
        # The last byte ends the last line, whether it is a newline or not.
        end = size - 1
        while end > 0:
            start = max(0, end - CHUNK_BYTES)
            block = _chunk(log, start, end)
            position = len(block)
            while (position := block.rfind(b"\n", 0, position)) >= 0:
                lines -= 1
                if lines == 0:
                    return start + position + 1
            end = start
    return 0


def _chunk(log: FileIO, offset: int, size: int) -> bytes:
    chunk = os.pread(log.fileno(), min(CHUNK_BYTES, size - offset), offset)
    if not chunk:
        raise StorageError(f"{log.name} is {size - offset} bytes short of its recorded size")
    return chunk
