"""The terminal that stdout may be: its width, what it can show, a screen that is drawn again and again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

ENTER = "\x1b[?1049h\x1b[?25l"
LEAVE = "\x1b[?25h\x1b[?1049l"
"""The other screen and no cursor, and back: xterm's control sequences, which every terminal of today has."""

HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def terminal_width() -> int | None:
    """Return how wide the terminal is, None if stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def can_show(characters: str) -> bool:
    """Whether stdout's encoding has these characters."""
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def frame(lines: Sequence[str]) -> str:
    """Return what draws these lines over the ones before: no clearing first, so nothing flickers."""
    return HOME + "\n".join(line + REST_OF_LINE for line in lines) + REST_OF_SCREEN


@contextlib.contextmanager
def other_screen() -> Iterator[None]:
    """Have the terminal's other screen while the block runs; what was there before is there after."""
    sys.stdout.write(ENTER)
    sys.stdout.flush()
    try:
        yield
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()


@contextlib.contextmanager
def on_resize(redraw: Callable[[], None]) -> Iterator[None]:
    """Call this when the terminal gets another size, where there is a signal for that (not on Windows)."""
    number = getattr(signal, "SIGWINCH", None)
    if number is None:
        yield
        return

    def resized(_number: int, _frame: FrameType | None) -> None:
        redraw()

    before = signal.signal(number, resized)
    try:
        yield
    finally:
        signal.signal(number, before)
