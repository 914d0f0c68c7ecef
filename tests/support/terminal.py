"""A program in a terminal of its own, and the screen that a person would see.

The terminal is real (pty(7)), the screen is pyte's: characters with their
colours, lines that scroll, a cursor. What the program writes is read as soon as
it comes, so it never waits for a test; a test waits for what is shown.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pyte

from support.host import PATIENCE
from support.programs import Program

CTRL_C = "\x03"
CTRL_D = "\x04"
CTRL_BACKSLASH = "\x1c"
TAB = "\t"
CLEAR_LINE = "\x15"
ENTER = "\r"

SAFETY_SECONDS = 30.0 * PATIENCE
BLOCK_BYTES = 1 << 16


class Terminal:
    """A running program's terminal.

    `written` is everything that the program wrote; `screen` is what is left of it to see.
    """

    def __init__(self, fd: int, process: Process, columns: int, lines: int) -> None:
        self.written = b""
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._fd = fd
        self._process = process
        self._changed = asyncio.Event()
        self._is_over = False
        asyncio.get_running_loop().add_reader(fd, self._read)

    def press(self, keys: str) -> None:
        """Type; what the keys do is for the terminal and the program to know."""
        os.write(self._fd, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Change the size, and have the programs in the foreground told (SIGWINCH)."""
        self.screen.resize(lines, columns)
        set_size(self._fd, columns, lines)

    def lines(self) -> list[str]:
        """Return what is on the screen, without the empty end of each line, and of the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def colour_of(self, text: str) -> str:
        """Return the colour in which a text is shown, by pyte's name for it.

        Raises:
            ValueError: it is not on the screen.

        """
        rows = self.screen.display
        row = next((row for row, line in enumerate(rows) if text in line), 0)
        colour: str = self.screen.buffer[row][rows[row].index(text)].fg
        return colour

    async def wait_shown(self, text: str) -> None:
        """Return once this is on the screen, in one line."""
        await self.wait_until(lambda: any(text in line for line in self.lines()), f"{text!r} on the screen")

    async def wait_written(self, text: bytes) -> None:
        """Return once this was written, though it may have left the screen."""
        await self.wait_until(lambda: text in self.written, f"{text!r}")

    async def wait_until(self, condition: Callable[[], bool], what: str = "this") -> None:
        """Return once the condition holds, which is looked at whenever something was written.

        Raises:
            AssertionError: it ends, or nothing happens for too long, and the condition does not hold.

        """
        while not condition():
            assert not self._is_over, f"the program ended without {what}:\n{self}"
            await self._change(what)

    async def exit_code(self) -> int:
        """Return the program's exit code, once it has ended and all of its output is there."""
        while not self._is_over:
            await self._change("an end")
        return await self._process.wait()

    async def _change(self, what: str) -> None:
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), SAFETY_SECONDS)
        except TimeoutError:
            raise AssertionError(f"waited too long for {what}:\n{self}") from None

    def _read(self) -> None:
        try:
            block = os.read(self._fd, BLOCK_BYTES)
        except OSError:  # EIO: no process has the terminal open any more
            block = b""
        if not block:
            self.close()
        self.written += block
        self._stream.feed(block)
        self._changed.set()

    def freeze(self) -> None:
        """Read no more, until `thaw`: what the program writes has no room after a while."""
        asyncio.get_running_loop().remove_reader(self._fd)

    def thaw(self) -> None:
        """Read on."""
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def close(self) -> None:
        """Read no more."""
        self._is_over = True
        asyncio.get_running_loop().remove_reader(self._fd)

    def __str__(self) -> str:
        return "\n".join(f"  | {line}" for line in self.lines())


@asynccontextmanager
async def in_terminal(
    program: Program, *arguments: str, columns: int = 80, lines: int = 24
) -> AsyncIterator[Terminal]:
    """Run a program in a terminal of this size while the block does; kill it if it is still there then."""
    fd, program_fd = pty.openpty()
    try:
        set_size(fd, columns, lines)
        process = await start(program, arguments, program_fd)
        terminal = Terminal(fd, process, columns, lines)
        try:
            yield terminal
        finally:
            terminal.close()
            await end(process)
    finally:
        os.close(fd)


async def start(program: Program, arguments: Sequence[str], terminal_fd: int) -> Process:
    """Start a program whose controlling terminal this is; close the descriptor.

    By setsid(1), for Ctrl-C and hang-ups need a controlling terminal. Not by pty.fork: a
    process with threads must not run Python in a child.
    """
    try:
        return await asyncio.create_subprocess_exec(
            *("setsid", "--ctty", *program.words, *arguments),
            cwd=program.folder,
            env={**program.environment, "TERM": "xterm-256color"},
            stdin=terminal_fd,
            stdout=terminal_fd,
            stderr=terminal_fd,
        )
    finally:
        os.close(terminal_fd)


def set_size(fd: int, columns: int, lines: int) -> None:
    """Give a terminal a size (ioctl_tty(2))."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


async def end(process: Process) -> None:
    """Kill a process, unless it has ended."""
    if process.returncode is None:
        process.kill()
    await process.wait()
