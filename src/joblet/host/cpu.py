"""Where the time of the processors went: proc_stat(5)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import psutil

from joblet.host.rates import percent
from joblet.metrics import CpuMetrics

if TYPE_CHECKING:
    from psutil._pslinux import scputimes


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds since boot, of one processor or of all; each second is in one of them."""

    user: float
    system: float
    idle: float
    io_wait: float
    steal: float

    @property
    def total(self) -> float:
        """All of the time."""
        return self.user + self.system + self.idle + self.io_wait + self.steal


def read_cpu() -> tuple[CpuTimes, Sequence[CpuTimes]]:
    """Return the times of all processors together, and of each."""
    return times_from(psutil.cpu_times()), [times_from(times) for times in psutil.cpu_times(percpu=True)]


def times_from(times: scputimes) -> CpuTimes:
    """Return psutil's ten times as five: the time of guests is in that of user already."""
    return CpuTimes(
        user=times.user + times.nice,
        system=times.system + times.irq + times.softirq,
        idle=times.idle,
        io_wait=times.iowait,
        steal=times.steal,
    )


def cpu_metrics(
    before: tuple[CpuTimes, Sequence[CpuTimes]], after: tuple[CpuTimes, Sequence[CpuTimes]]
) -> CpuMetrics | None:
    """Return what the processors did between two readings, None if that is less than the clock's tick."""
    spent = spent_between(before[0], after[0])
    if not spent.total:
        return None
    # A processor that was taken away or brought back in between is not told of this time.
    cores = [busy_percent(spent_between(*each)) for each in zip(before[1], after[1], strict=False)]
    return CpuMetrics(
        cores=len(after[1]),
        usage_percent=busy_percent(spent),
        user_percent=percent(spent.user, spent.total),
        system_percent=percent(spent.system, spent.total),
        idle_percent=percent(spent.idle, spent.total),
        io_wait_percent=percent(spent.io_wait, spent.total),
        steal_percent=percent(spent.steal, spent.total),
        load_average=os.getloadavg(),
        per_core_percent=cores,
    )


def spent_between(before: CpuTimes, after: CpuTimes) -> CpuTimes:
    """Return the time between two readings; the kernel sets iowait back at times, which counts as none."""
    names = [field.name for field in fields(CpuTimes)]
    return CpuTimes(*(max(0.0, getattr(after, name) - getattr(before, name)) for name in names))


def busy_percent(spent: CpuTimes) -> float:
    """Return the part that was neither idle nor waiting for I/O."""
    return percent(spent.user + spent.system + spent.steal, spent.total)
