"""A value over time as lines of plain characters. Pure.

A column shows the most that the value was in its time: a peak of a second is
seen in a day. Where nothing was measured, a column is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROWS = 6
LEAST_COLUMNS = 4
WORTH_SHOWING = 1 / 3
"""A limit that is further away than this would press the curve to the ground; it is told in words then."""


@dataclass(frozen=True, slots=True)
class Span:
    """What the value was from one time to another, both in seconds."""

    start: float
    end: float
    value: float


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What a plot is drawn with: parts of a cell from none to all, the axes, and the line of a limit."""

    levels: str
    side: str
    corner: str
    floor: str
    limit: str


BLOCKS = Glyphs(" ▁▂▃▄▅▆▇█", "│", "└", "─", "┄")
ASCII = Glyphs(" .-=#", "|", "+", "-", "-")
"""For an output that has no others."""


def plot_lines(
    spans: Sequence[Span],
    label: Callable[[float], str],
    *,
    width: int,
    limit: float | None = None,
    glyphs: Glyphs = BLOCKS,
) -> list[str]:
    """Return the lines of a plot, none wider than `width`; nothing if there is nothing to show.

    `label` says what is beside the axis. The limit is a line at the top, if
    the value comes near enough to it.
    """
    if not spans:
        return []
    peak = max(span.value for span in spans)
    shows_limit = limit is not None and peak >= limit * WORTH_SHOWING
    top = max(peak, limit or 0.0) if shows_limit else peak
    labels = [label(top), *[""] * (ROWS // 2 - 1), label(top / 2), *[""] * (ROWS // 2 - 1), label(0.0)]
    margin = max(map(len, labels))
    columns = max(LEAST_COLUMNS, width - margin - 2)
    cells = [cell_levels(value, top, glyphs) for value in columns_of(spans, columns)]
    lines = [
        f"{labels[row]:>{margin}} {glyphs.side}" + "".join(glyphs.levels[cell[row]] for cell in cells)
        for row in range(ROWS)
    ]
    if shows_limit and limit == top:
        lines[0] = f"{'':>{margin}} {glyphs.side}" + lines[0][margin + 2 :]
        lines.insert(0, f"{labels[0]:>{margin}} {glyphs.side}{glyphs.limit * columns}")
    floor = f"{labels[-1]:>{margin}} {glyphs.corner}{glyphs.floor * columns}"
    return [line.rstrip()[:width] for line in (*lines, floor)]


def time_axis(start: str, end: str, width: int) -> str:
    """Return what is below a plot: where it begins and where it ends."""
    return f"{start}{end:>{max(1, width - len(start))}}"[:width]


def columns_of(spans: Sequence[Span], count: int) -> list[float | None]:
    """Return the most that the value was in each of so many equal parts of its time.

    The spans need not be in order: a clock may have been set back.
    """
    begin = min(span.start for span in spans)
    length = max(span.end for span in spans) - begin
    columns: list[float | None] = [None] * count
    for span in spans:
        first = min(count - 1, column_at(span.start - begin, length, count))
        last = column_at(span.end - begin, length, count)
        # A span ends where the next begins, so it has no part of the column that it ends at.
        for column in range(first, max(first + 1, last)):
            columns[column] = max(columns[column] or 0.0, span.value)
    return columns


def column_at(seconds: float, length: float, count: int) -> int:
    """Return the column that begins at a time or before it; for the end, the one after the last."""
    return min(count, int(seconds / length * count)) if length > 0 else 0


def cell_levels(value: float | None, top: float, glyphs: Glyphs) -> list[int]:
    """Return how full each cell of a column is, from the highest down; what is not nothing is seen."""
    full = len(glyphs.levels) - 1
    if not value or not top:
        return [0] * ROWS
    filled = max(1, round(value / top * ROWS * full))
    return [min(full, max(0, filled - row * full)) for row in reversed(range(ROWS))]
