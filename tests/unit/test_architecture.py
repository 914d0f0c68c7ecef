"""What ARCHITECTURE.md draws and lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import joblet
from joblet.job import TRANSITIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "ARCHITECTURE.md"
ARROW = re.compile(r"^    (\w+) --> (\w+): (\w+)$", re.MULTILINE)
ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="there is no documentation here")


def test_the_picture_of_the_statuses_is_the_table() -> None:
    """Each transition is an arrow, in the table's order, and there is no other arrow."""
    arrows = ARROW.findall(PAGE.read_text())

    assert arrows == [(before.value, after.value, event) for (before, event), after in TRANSITIONS.items()]


def test_the_tree_has_every_part() -> None:
    """Each module and package at the top of joblet has its row, and no row is of one that is gone."""
    tree = PAGE.read_text().partition("## The tree")[2].partition("## ")[0]
    listed = {
        re.sub(r"(\.py|/)$", "", name)
        for row in ROW.findall(tree)
        for name in re.findall(r"`([\w./-]+)`", row.partition(":")[0])
    }
    top = Path(joblet.__file__).parent
    found = {path.stem for path in top.glob("*.py")} | {
        path.parent.name for path in top.glob("*/__init__.py")
    }

    assert listed - {"shim"} == found - {"__init__"}
