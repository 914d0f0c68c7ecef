"""The pages for people: each is found, their links lead somewhere, and the decisions are a list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("shim/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not PAGES, reason="there is no documentation here")


def anchors(page: Path) -> set[str]:
    """Return what a link can name within a page, as GitHub makes it of a heading."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: str) -> None:
    """Each link to a file of ours finds it, and in a page the heading."""
    for link in LINK.findall((ROOT / page).read_text()):
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


INDEXES = {"docs/how-to": "README.md", "docs/reference": "README.md", "docs/decisions": "ARCHITECTURE.md"}


@pytest.mark.parametrize(("folder", "index"), INDEXES.items())
def test_every_page_is_found(folder: str, index: str) -> None:
    """Nobody has to look into a folder for a page: the one that people begin with names it."""
    linked = set(LINK.findall((ROOT / index).read_text()))

    assert {str(page.relative_to(ROOT)) for page in PAGES if page.parent == ROOT / folder} <= linked


def test_decisions_are_numbered_without_a_gap() -> None:
    """A decision's number is in its file's name and its heading, once each."""
    files = sorted(ROOT.glob("docs/decisions/*.md"))
    headings = [file.read_text().partition("\n")[0] for file in files]

    assert [file.name[:5] for file in files] == [f"{number:04}-" for number in range(1, len(files) + 1)]
    assert [heading.split()[:2] for heading in headings] == [["#", f"{n}."] for n in range(1, len(files) + 1)]
