"""A terminal's screen as a picture: SVG, as small and as readable as a picture can be that is text.

Each word is one element, at its column and forced to its width: whatever monospaced
font a reader has, the columns stay columns. What plots are made of is no text but
drawn, as terminals do it, for fonts leave gaps between lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple
from xml.sax.saxutils import escape

CELL_WIDTH, CELL_HEIGHT = 8, 18
BASELINE = 13
MARGIN = 14
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
LOOK = f'font-family="{FONT}" font-size="13" shape-rendering="crispEdges"'
PAPER, INK = "#171b22", "#d7dde5"

BLOCKS = " ▁▂▃▄▅▆▇█"
"""A cell filled from below, by eighths."""

LINES: Mapping[str, str] = MappingProxyType(
    {"│": "M4 0V18", "─": "M0 9H8", "└": "M4 0V9H8", "┄": "M0 9H8"}  # those that our plots have
)
"""The path of a line within its cell; one that leaves it to the right may go through several."""

DRAWN = frozenset(BLOCKS.strip()) | LINES.keys()

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
        f'<g transform="translate({MARGIN} {MARGIN})" fill="{INK}" {LOOK}>',
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
        yield from text_elements(
            "".join(" " if char in DRAWN else char for char in text), column, number, style
        )
        yield from drawn_elements(text, column, number, style)
        column += len(run)


def ground_element(column: int, number: int, width: int, style: Style) -> str:
    """Return what lies behind a run of characters."""
    place = f'x="{column * CELL_WIDTH}" y="{number * CELL_HEIGHT}"'
    return (
        f'<rect {place} width="{width * CELL_WIDTH}" height="{CELL_HEIGHT}" fill="{hex_of(style.ground)}"/>'
    )


def drawn_elements(text: str, column: int, number: int, style: Style) -> Iterator[str]:
    """Yield the blocks of a run, and its lines."""
    colour, top = hex_of(style.colour), number * CELL_HEIGHT
    for start, same in runs_of(text, lambda char: char):
        x, width = (column + start) * CELL_WIDTH, len(same) * CELL_WIDTH
        if same[0] in BLOCKS.strip():
            height = CELL_HEIGHT * BLOCKS.index(same[0]) / 8
            place = f'x="{x}" y="{top + CELL_HEIGHT - height:g}"'
            yield f'<rect {place} width="{width}" height="{height:g}" fill="{colour}"/>'
        elif same[0] in LINES:
            path = LINES[same[0]].replace(f"H{CELL_WIDTH}", f"H{width}")
            place = f'transform="translate({x} {top})"'
            dashes = ' stroke-dasharray="2"' if same[0] == "┄" else ""
            yield f'<path d="{path}" {place} fill="none" stroke="{colour}"{dashes}/>'


def text_elements(text: str, column: int, number: int, style: Style) -> Iterator[str]:
    """Yield the words of a run, each where it stands; spaces show nothing."""
    look = "" if style.colour == "default" else f' fill="{hex_of(style.colour)}"'
    look += ' font-weight="bold"' if style.is_bold else ""
    y = number * CELL_HEIGHT + BASELINE
    for start, word in runs_of(text, str.isspace):
        if word.isspace():
            continue
        place = f'x="{(column + start) * CELL_WIDTH}" y="{y}" textLength="{len(word) * CELL_WIDTH}"'
        yield f"<text {place}{look}>{escape(word)}</text>"


def runs_of(text: str, key: Callable[[str], object]) -> Iterator[tuple[int, str]]:
    """Return each run of characters that are alike in this, and where it begins."""
    position = 0
    for _, characters in groupby(text, key):
        run = "".join(characters)
        yield position, run
        position += len(run)


def hex_of(colour: str) -> str:
    """Return a colour as SVG takes it."""
    return COLOURS.get(colour) or f"#{colour}"
