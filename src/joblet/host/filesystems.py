"""How full the filesystems are: statvfs(3), which may never return.

A filesystem whose server or disk does not answer blocks whoever asks, without
a timeout and beyond any signal. So each is asked in a thread of its own that
nobody waits for at the end (a daemon thread), and one that has not answered
is left out, and not asked again until it has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from time import monotonic

import psutil

from joblet.host.rates import percent
from joblet.metrics import DiskMetrics

PATIENCE_SECONDS = 1.0
"""For all of them together: a disk that is slower than that is not well."""

Mounts = Sequence[tuple[str, str, str]]
"""Device, mount point and type of filesystems."""


class FileSystems:
    """Asks filesystems how full they are; by one thread at a time."""

    def __init__(self, ask: Callable[[str], os.statvfs_result] = os.statvfs) -> None:
        self._ask = ask
        self._asked: set[str] = set()
        self._answers: SimpleQueue[tuple[str, os.statvfs_result | None]] = SimpleQueue()

    def read(self, mounts: Mounts, patience_seconds: float = PATIENCE_SECONDS) -> Sequence[DiskMetrics]:
        """Return those that answer in time, in their order."""
        wanted = [mount_point for _, mount_point, _ in mounts]
        for mount_point in wanted:
            if mount_point not in self._asked:
                self._asked.add(mount_point)
                threading.Thread(target=self._answer, args=(mount_point,), daemon=True).start()
        answers = self._collected(set(wanted), monotonic() + patience_seconds)
        return [
            disk_metrics(*mount, answer)
            for mount in mounts
            if (answer := answers.get(mount[1])) and answer.f_blocks
        ]

    def _answer(self, mount_point: str) -> None:
        try:
            answer = self._ask(mount_point)
        except OSError:  # unmounted meanwhile, or failing: it is then no disk to tell of
            answer = None
        self._answers.put((mount_point, answer))

    def _collected(self, wanted: set[str], deadline: float) -> Mapping[str, os.statvfs_result]:
        answers: dict[str, os.statvfs_result] = {}
        while wanted:
            try:
                mount_point, answer = self._answers.get(timeout=max(0.0, deadline - monotonic()))
            except Empty:
                break
            self._asked.discard(mount_point)
            wanted.discard(mount_point)
            if answer:
                answers[mount_point] = answer
        return answers


def real_mounts() -> Mounts:
    """Return the filesystems that are on a disk, each once: where it is mounted at the shortest path.

    By psutil, which leaves out what has no device: tmpfs, overlay, network.
    """
    shortest: dict[str, tuple[str, str, str]] = {}
    for part in sorted(psutil.disk_partitions(), key=lambda part: len(part.mountpoint)):
        shortest.setdefault(part.device, (part.device, part.mountpoint, part.fstype))
    return list(shortest.values())


def disk_metrics(device: str, mount_point: str, filesystem: str, found: os.statvfs_result) -> DiskMetrics:
    """Return how full a filesystem is, as df(1) counts: of what users may fill."""
    total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    inodes_used = found.f_files - found.f_ffree
    return DiskMetrics(
        device=device,
        mount_point=mount_point,
        filesystem=filesystem,
        total_bytes=total,
        used_bytes=used,
        free_bytes=free,
        usage_percent=percent(used, used + free),
        inodes_total=found.f_files,
        inodes_used=inodes_used,
        inodes_free=found.f_ffree,
        inodes_usage_percent=percent(inodes_used, found.f_files),
    )
