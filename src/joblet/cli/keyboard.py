"""The local terminal while it is a job's: raw, so that every key is the job's, and as before after that.

Not on Windows, which has no such terminals. Two keys stay ours: Ctrl-P Ctrl-Q
leaves the job running, and while the server cannot be reached Ctrl-C does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from joblet.cli.input import STDIN_FD, stdin_blocks
from joblet.cli.output import STDOUT_FD
from joblet.errors import InvalidRequestError
from joblet.job import Terminal

CTRL_C = b"\x03"
LEAVING = b"\x10\x11"
"""Ctrl-P Ctrl-Q, as `docker attach` has it."""


def require_terminal() -> None:
    """Return if both ends of this program are a terminal.

    Raises:
        InvalidRequestError: one is not, or this platform has none that can be a job's.

    """
    if sys.platform == "win32":
        raise InvalidRequestError("a job's terminal cannot be shown on Windows (--stdin works there)")
    for fd, name in ((STDIN_FD, "input"), (STDOUT_FD, "output")):
        if not os.isatty(fd):
            raise InvalidRequestError(f"the standard {name} is not a terminal (--stdin needs none)")


def terminal_size() -> Terminal:
    """Return the size of this program's terminal."""
    size = os.get_terminal_size(STDIN_FD)
    return Terminal(rows=size.lines, columns=size.columns)


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    """Pass every key and every byte as it is, while the block runs."""
    import termios  # noqa: PLC0415  not on Windows
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(STDIN_FD)
    try:
        tty.setraw(STDIN_FD)
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone, and nobody misses its settings
            # At once: TCSADRAIN would wait for whoever does not read the terminal, and gain nothing, for line
            # ends are made when output is written, not when it is read.
            termios.tcsetattr(STDIN_FD, termios.TCSANOW, before)


async def terminal_sizes(*, redraws: bool) -> AsyncGenerator[Terminal, None]:
    """Yield the terminal's size, and each new one.

    `redraws` has a program that is there draw its screen anew: the kernel tells it of a size only if that
    differs, so it is another one first (as docker does).
    """
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, changed.set)
    try:
        size = terminal_size()
        if redraws:
            yield Terminal(rows=max(size.rows - 1, 1), columns=size.columns)
        while True:
            changed.clear()
            yield terminal_size()
            await changed.wait()
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


class Keyboard:
    """The keys that are pressed, until those that leave."""

    def __init__(self) -> None:
        self.has_left = asyncio.Event()
        self.is_connected = True
        self.is_gone = False
        self._held = b""

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield what is the job's of what is typed; it has no end, for that is a key, too."""
        with contextlib.suppress(OSError):  # EIO: the terminal is gone, as at its end of file
            async with contextlib.aclosing(stdin_blocks()) as typed:
                async for block in typed:
                    if passed := self.passed(block):
                        yield passed
                    if self.has_left.is_set():
                        break
        self.is_gone = not self.has_left.is_set()
        self.has_left.set()
        await asyncio.Event().wait()

    def passed(self, block: bytes) -> bytes:
        """Return what is the job's of these keys; a Ctrl-P is held until it is known what comes next."""
        keys, self._held = self._held + block, b""
        before, leaving, _ = keys.partition(LEAVING)
        if leaving or (not self.is_connected and CTRL_C in block):
            self.has_left.set()
            return before if leaving else b""
        if keys.endswith(LEAVING[:1]):
            self._held = LEAVING[:1]
            return keys[:-1]
        return keys
