"""What a hostile sender says is refused before a byte of it is written anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet.errors import InvalidFileError
from joblet.files.entry import Entry
from support.hostile import HOSTILE
from support.trees import listing, unpacked


@pytest.mark.parametrize("pieces", HOSTILE)
def test_hostile_pieces(tmp_path: Path, platform: str, pieces: str) -> None:
    """Each is refused with what was wrong; nothing beside the folder, nor of the entry, is written."""
    target, canary = tmp_path / "target", tmp_path / "canary"
    for folder in (target, canary):
        folder.mkdir()
    (canary / "song").write_text("tweet")
    sent, why = HOSTILE[pieces]
    outside = listing(canary)

    with pytest.raises(InvalidFileError, match=why):
        unpacked(sent, target)

    assert listing(canary) == outside
    assert sorted(tmp_path.iterdir()) == [canary, target]
    assert not list(target.rglob("out*"))


def test_what_is_refused_is_named_safely(tmp_path: Path) -> None:
    """A name that is no text, or would move the cursor, is shown as what it is."""
    with pytest.raises(InvalidFileError) as caught:
        unpacked([Entry(b"\xff\x1b[2J\n/..")], tmp_path)

    assert str(caught.value).startswith(r"invalid file: \\xff\x1b[2J\n/..: expected")
