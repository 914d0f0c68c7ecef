"""What this host has: the most that one job could ever use."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capacity:
    """`cpu_percent` is 100 for each core, `memory_mb` is physical memory in MiB."""

    cpu_percent: int
    memory_mb: int


def host_capacity() -> Capacity:
    """Return the capacity of the host, as far as this process and its children may use it.

    Only the cores in `sched_getaffinity(2)`, which children inherit, count.
    """
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Capacity(cpu_percent=100 * len(os.sched_getaffinity(0)), memory_mb=memory_bytes >> 20)
