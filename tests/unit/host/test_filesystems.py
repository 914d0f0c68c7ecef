"""How full the filesystems are, one of which may not answer at all."""

from __future__ import annotations

import os
import threading

from joblet.host.filesystems import FileSystems, real_mounts

MOUNTS = [("/dev/a", "/", "ext4"), ("/dev/b", "/gone", "xfs"), ("/dev/c", "/hung", "ext4")]


class Disks:
    """Answers for every path but /gone, and for /hung only once it may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []

    def ask(self, path: str) -> os.statvfs_result:
        self.asked.append(path)
        if path == "/gone":
            raise FileNotFoundError(path)
        if path == "/hung":
            self.may_answer.wait()
        return os.statvfs("/")


def test_one_that_hangs_hangs_nobody() -> None:
    """It is left out, as is one that is gone, and not asked again while it hangs; then it is there again."""
    disks = Disks()
    filesystems = FileSystems(disks.ask)

    first = filesystems.read(MOUNTS, patience_seconds=0.05)
    second = filesystems.read(MOUNTS, patience_seconds=0.05)
    disks.may_answer.set()
    third = filesystems.read(MOUNTS, patience_seconds=30)

    assert [disk.mount_point for disk in (*first, *second)] == ["/", "/"]
    assert [disk.mount_point for disk in third] == ["/", "/hung"]
    assert disks.asked.count("/hung") == 1


def test_a_filesystem_is_measured_as_df_does() -> None:
    """Total, used and free are those of statvfs, used in percent of what users may fill; inodes as well."""
    (disk,) = FileSystems().read([("/dev/a", "/", "ext4")])
    found = os.statvfs("/")

    assert disk.total_bytes == found.f_blocks * found.f_frsize
    assert disk.used_bytes + found.f_bfree * found.f_frsize <= disk.total_bytes + (64 << 20)
    assert 0 < disk.usage_percent <= 100
    assert disk.inodes_total == found.f_files
    assert 0 <= disk.inodes_usage_percent <= 100


def test_each_filesystem_is_there_once() -> None:
    """No device comes twice, and none is without one: tmpfs, overlay, /proc."""
    mounts = real_mounts()
    devices = [device for device, _, _ in mounts]

    assert len(devices) == len(set(devices))
    assert {"tmpfs", "overlay", "proc", "cgroup2"}.isdisjoint(kind for _, _, kind in mounts)
