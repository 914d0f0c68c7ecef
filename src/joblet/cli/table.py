"""Rows as a table: as wide as the terminal, or as wide as it takes where there is none. Pure.

In a terminal the last column is cut to what is left of the width; if that is
too little for the others, columns go, the least important first. A pipe gets
every column whole: what is cut there is lost.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "
LEAST_WIDTH = 8
"""The width that the last column is worth keeping at."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, the cells below it, and how dear it is: 0 never goes."""

    heading: str
    cells: Sequence[str]
    rank: int = 0
    is_number: bool = False
    colours: Sequence[str] = ()

    @property
    def width(self) -> int:
        """The width of the widest cell."""
        return max(map(text_width, (self.heading, *self.cells)))


def lines_of(columns: Sequence[Column], width: int | None, *, is_coloured: bool = False) -> list[str]:
    """Return the lines of a table, none wider than `width` if one is given."""
    if width is not None:
        columns = fitting(columns, width)
    widths = [column.width for column in columns]
    if width is not None:
        before = sum(widths[:-1]) + len(GAP) * (len(columns) - 1)
        widths[-1] = min(widths[-1], max(1, width - before))
    lines = [row_text([column.heading for column in columns], columns, widths)]
    for number in range(len(columns[0].cells)):
        cells = [column.cells[number] for column in columns]
        colours = [column.colours[number] if is_coloured and column.colours else "" for column in columns]
        lines.append(row_text(cells, columns, widths, colours))
    return lines


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that there is room for."""
    kept = list(columns)
    while least_width(kept) > width and (optional := [column for column in kept if column.rank]):
        kept.remove(max(optional, key=lambda column: column.rank))
    return kept


def least_width(columns: Sequence[Column]) -> int:
    """Return the width below which these columns make no sense."""
    *others, last = columns
    return sum(column.width + len(GAP) for column in others) + min(last.width, LEAST_WIDTH)


def row_text(
    cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], colours: Sequence[str] = ()
) -> str:
    """Return one line of a table."""
    padded = []
    for position, (cell, column, width) in enumerate(zip(cells, columns, widths, strict=True)):
        shown = cut(cell, width)
        space = " " * (width - text_width(shown))
        if colours and colours[position]:
            shown = f"\x1b[{colours[position]}m{shown}\x1b[0m"
        padded.append(space + shown if column.is_number else shown + space)
    return GAP.join(padded).rstrip()


def cut(text: str, width: int) -> str:
    """Return the text, its end replaced by an ellipsis if it is wider than this."""
    if text_width(text) <= width:
        return text
    while text and text_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes (Unicode Standard Annex 11)."""
    return sum(char_width(char) for char in text)


def char_width(char: str) -> int:
    """Return 2 for wide characters, 0 for marks on the one before, else 1."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
