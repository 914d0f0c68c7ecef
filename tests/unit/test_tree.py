"""What a job leaves in its folder can be deleted and measured, however it looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from joblet.runner.tree import delete, disk_usage


@pytest.mark.parametrize("name", ["d", "d" * 200])
def test_a_tree_deeper_than_a_path_is_long(tmp_path: Path, name: str) -> None:
    """Folders in each other, too many for recursion and for a path, are deleted and measured."""
    top = tmp_path / "top"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir(name, dir_fd=fd)
        inner = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)

    assert disk_usage(top) >= 0
    delete(top)

    assert not top.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link goes, what it names stays, and counts for nothing."""
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_bytes(b"x" * 1_000_000)
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "a" / "link").symlink_to(outside)
    (top / "link").symlink_to(outside / "file")

    assert disk_usage(top) < 1_000_000
    delete(top)

    assert not top.exists()
    assert sorted(path.name for path in outside.iterdir()) == ["file", "folder"]
