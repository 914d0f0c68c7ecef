"""How far a transfer is: one line on stderr that changes in place, for a person at a terminal only.

It is redrawn when something was transferred, never by the clock, and as wide as
there is room for: the less important goes first.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Self

from joblet.cli.figures import bytes_text, clock_text, rate_text

REDRAW_SECONDS = 0.1
"""Often enough for an eye."""

ERASE_LINE = "\r\x1b[K"  # ECMA-48: carriage return, erase in line
SLOWEST_BPS = 1.0


class Progress:
    """A line that says how far it is while the block runs, and is gone afterwards."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = sys.stderr.isatty()
        self._began = self._drawn = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._is_shown:
            self._write("")

    def tell(self, done_bytes: int, total_bytes: int) -> None:
        """Show how many bytes are done, of how many; of 0 if that is not known."""
        now = time.monotonic()
        if not done_bytes:
            self._began = now  # so that a second try has a rate of its own
        if not self._is_shown or now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        # A terminal that is written to its last column may wrap.
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        self._write(line_of(self._what, done_bytes, total_bytes, now - self._began, width))

    def _write(self, line: str) -> None:
        sys.stderr.write(f"{ERASE_LINE}{line}")
        sys.stderr.flush()


def line_of(what: str, done_bytes: int, total_bytes: int, seconds: float, width: int) -> str:
    """Return the longest of the lines that fit, empty if none does."""
    rate_bps = done_bytes / seconds if seconds else 0.0
    if not total_bytes:
        parts = [what, bytes_text(done_bytes), rate_text(rate_bps)]
    else:
        # A file may have grown since it was looked at.
        percent = f"{min(100 * done_bytes // total_bytes, 100)}%"
        left = clock_text(max(total_bytes - done_bytes, 0) / max(rate_bps, SLOWEST_BPS))
        parts = [what, percent, f"of {bytes_text(total_bytes)}", rate_text(rate_bps), f"{left} left"]
    while parts and len("  ".join(parts)) > width:
        parts.pop()
    return "  ".join(parts)
