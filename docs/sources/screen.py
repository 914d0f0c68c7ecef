"""A terminal's screen as a picture: SVG, as small and as readable as a picture can be that is text.

Each run of characters in one style is one element, at its column and forced to its
width: whatever monospaced font a reader has, the columns stay columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple
from xml.sax.saxutils import escape

CELL_WIDTH, CELL_HEIGHT = 8, 18
BASELINE = 13
MARGIN = 14
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
PAPER, INK = "#171b22", "#d7dde5"

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "default": INK,
        "black": "#171b22",
        "red": "#f2777a",
        "green": "#8fd18a",
        "brown": "#f0c674",  # what pyte calls the dark yellow of ECMA-48
        "blue": "#7aa6da",
        "magenta": "#c397d8",
        "cyan": "#70c0ba",
        "white": "#eaeaea",
        "brightblack": "#7c8696",
    }
)


class Style(NamedTuple):
    """How a character looks; colours are names of `COLOURS`, or six hexadecimal digits."""

    colour: str = "default"
    ground: str = "default"
    is_bold: bool = False


class Cell(NamedTuple):
    """A character, and how it looks; an empty one is covered by the wide one before it."""

    text: str
    style: Style


Rows = Sequence[Sequence[Cell]]


def svg(rows: Rows, columns: int, title: str) -> str:
    """Return the picture of these rows on a screen of so many columns; `title` is for who cannot see it."""
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(rows) * CELL_HEIGHT + 2 * MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
        f'<g transform="translate({MARGIN} {MARGIN})" font-family="{FONT}" font-size="13" fill="{INK}">',
        *(element for number, row in enumerate(rows) for element in row_elements(row, number)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def row_elements(row: Sequence[Cell], number: int) -> Iterator[str]:
    """Yield what shows one row."""
    column = 0
    for style, cells in groupby(row, key=lambda cell: cell.style):
        run = list(cells)
        text = "".join(cell.text for cell in run)
        if style.ground != "default":
            yield ground_element(column, number, len(run), style)
        yield from text_elements(text, column, number, style)
        column += len(run)


def ground_element(column: int, number: int, width: int, style: Style) -> str:
    """Return what lies behind a run of characters."""
    place = f'x="{column * CELL_WIDTH}" y="{number * CELL_HEIGHT}"'
    return (
        f'<rect {place} width="{width * CELL_WIDTH}" height="{CELL_HEIGHT}" fill="{hex_of(style.ground)}"/>'
    )


def text_elements(text: str, column: int, number: int, style: Style) -> Iterator[str]:
    """Yield the words of a run, each where it stands; spaces show nothing."""
    look = "" if style.colour == "default" else f' fill="{hex_of(style.colour)}"'
    look += ' font-weight="bold"' if style.is_bold else ""
    y = number * CELL_HEIGHT + BASELINE
    for start, word in words_of(text):
        place = f'x="{(column + start) * CELL_WIDTH}" y="{y}" textLength="{len(word) * CELL_WIDTH}"'
        yield f"<text {place}{look}>{escape(word)}</text>"


def words_of(text: str) -> Iterable[tuple[int, str]]:
    """Return each word of a text, and where it begins."""
    position = 0
    for is_space, characters in groupby(text, key=str.isspace):
        word = "".join(characters)
        if not is_space:
            yield position, word
        position += len(word)


def hex_of(colour: str) -> str:
    """Return a colour as SVG takes it."""
    return COLOURS.get(colour) or f"#{colour}"
