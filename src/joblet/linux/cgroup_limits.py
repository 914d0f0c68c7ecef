"""What the kernel is to enforce on one job, and one file of a cgroup that says so.

Values only. `cgroup_v1.py` and `cgroup_v2.py` turn the limits into settings,
`cgroup_directory.py` writes them and reads them back.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

CONTROLLERS = ("cpu", "memory", "io", "pids")
"""The controllers that limits are made of, by their v2 names; v1 calls `io` `blkio`."""

CPU_PERIOD_US = 100_000
"""The kernel's default period of CPU bandwidth control (sched-bwc)."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class CgroupLimits:
    """The limits of one job, in the kernel's terms.

    `cpu_percent` is of one core. `memory_bytes` includes swap, so a job cannot
    swap beyond it. `io_bps` is bytes per second, for reads and for writes
    each, on `io_device` (`major:minor` of a whole disk, "" without a limit);
    0 is unlimited. `max_processes` counts every thread in the cgroup, the
    job's init among them: a job has one less for itself.

    Raises:
        ValueError: a limit that must be there is not positive, or the I/O
            limit has no device.

    """

    cpu_percent: int
    memory_bytes: int
    io_bps: int
    max_processes: int
    io_device: str = ""

    def __post_init__(self) -> None:
        for name in ("cpu_percent", "memory_bytes", "max_processes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive (got {getattr(self, name)})")
        if self.io_bps < 0:
            raise ValueError(f"io_bps must not be negative (got {self.io_bps})")
        if self.io_bps and not self.io_device:
            raise ValueError("an I/O limit needs the device that it is for")

    @property
    def controllers(self) -> tuple[str, ...]:
        """The controllers that these limits need."""
        return tuple(name for name in CONTROLLERS if name != "io" or self.io_bps)

    @property
    def cpu_quota_us(self) -> int:
        """Microseconds of CPU time in each `CPU_PERIOD_US`."""
        return self.cpu_percent * CPU_PERIOD_US // 100

    @property
    def whole_pages_bytes(self) -> int:
        """The memory limit as the kernel keeps it: rounded down to whole pages."""
        return self.memory_bytes // PAGE_BYTES * PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Setting:
    """One file of a cgroup: what is written, and what it must then say, but for white space at the ends."""

    controller: str
    file: str
    value: str
    reads: str


class CgroupMismatch(OSError):  # noqa: N818  an OSError like its siblings, which carry no such suffix
    """A limit was written without an error, and reads back as something else.

    `filename` is the file, `wanted` and `got` are what it should say and says.
    """

    def __init__(self, filename: str, wanted: str, got: str) -> None:
        super().__init__(errno.EIO, f"limit not taken: wanted {wanted!r}, the kernel says {got!r}", filename)
        self.wanted = wanted
        self.got = got
