"""The pictures of the docs: each is drawn by the script, is there, and is shown somewhere."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "pictures.py"
SHOWN = re.compile(r"!\[[^\]]+\]\((?:docs/|\.\./)pictures/([\w-]+)\.svg\)")
DRAWN = "▁▂▃▄▅▆▇█│─└┄"
TEXT = "{http://www.w3.org/2000/svg}text"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="there is no documentation here")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = spec_from_file_location("pictures", SCRIPT)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_picture_is_drawn_and_shown(script: ModuleType) -> None:
    """What the script draws, what is there and what the pages show are the same."""
    shown = {name for page in ROOT.glob("**/*.md") for name in SHOWN.findall(page.read_text())}

    assert shown == set(script.PICTURES)
    assert shown == {file.stem for file in (ROOT / "docs" / "pictures").glob("*")}


def test_the_readme_shows_two() -> None:
    """The first page is for reading."""
    assert len(SHOWN.findall((ROOT / "README.md").read_text())) <= 2


@given(st.lists(st.text(st.characters(exclude_categories=["C"], exclude_characters=DRAWN), max_size=20)))
def test_any_screen_is_a_picture(script: ModuleType, lines: list[str]) -> None:
    """Whatever stands on a screen is all in the picture, word by word."""
    rows = [[script.Cell(char, script.Style()) for char in line] for line in lines]

    elements = ET.fromstring(script.svg(rows, 80, "<title>"))

    words = [element.text or "" for element in elements.iter(TEXT)]
    assert words == [word for line in lines for word in line.split()]


def test_a_plot_is_drawn(script: ModuleType) -> None:
    """Blocks and lines are shapes that touch, not characters of a font."""
    row = [script.Cell(char, script.Style()) for char in "9% │▄▄█"]

    picture = script.svg([row], 80, "plot")

    assert [element.text for element in ET.fromstring(picture).iter(TEXT)] == ["9%"]
    assert '<path d="M4 0V18" transform="translate(24 0)"' in picture
    assert '<rect x="32" y="9" width="16" height="9"' in picture
    assert '<rect x="48" y="0" width="8" height="18"' in picture


def test_what_is_another_each_time_is_written_over(script: ModuleType) -> None:
    """Times and counters are replaced, in their colour, and columns stay where they are."""
    red = script.Style("red")
    row = [
        script.Cell(char, red if char.isdigit() else script.Style()) for char in "  7 STOPPED  4s ago    7ms"
    ]

    written = script.written_over(row)

    assert "".join(cell.text for cell in written) == "  7 STOPPED  2s ago  124ms"
    assert written[13] == script.Cell("2", red)
