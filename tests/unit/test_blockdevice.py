"""Disks and partitions as sysfs lays them out, in a folder that is laid out so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from joblet.linux.blockdevice import whole_disk


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """A disk 8:0 with the partition 8:3, linked by number as in `/sys/dev/block`."""
    disk = tmp_path / "devices" / "sda"
    (disk / "sda3").mkdir(parents=True)
    (disk / "dev").write_text("8:0\n")
    (disk / "sda3" / "dev").write_text("8:3\n")
    (disk / "sda3" / "partition").write_text("3\n")
    numbers = tmp_path / "dev" / "block"
    numbers.mkdir(parents=True)
    (numbers / "8:0").symlink_to(disk)
    (numbers / "8:3").symlink_to(disk / "sda3")
    return numbers


def test_a_partition_is_limited_by_its_disk(sysfs: Path) -> None:
    """The kernel refuses limits on partitions, so theirs is the disk's number; a disk is its own."""
    assert whole_disk(os.makedev(8, 3), str(sysfs)) == "8:0"
    assert whole_disk(os.makedev(8, 0), str(sysfs)) == "8:0"


def test_a_device_that_sysfs_does_not_have_is_an_error(sysfs: Path) -> None:
    """No number is made up."""
    with pytest.raises(FileNotFoundError, match="9:9"):
        whole_disk(os.makedev(9, 9), str(sysfs))
