"""What the disks do: proc_diskstats(5)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import psutil

from joblet.host.rates import percent, rate
from joblet.metrics import DeviceIoMetrics, IoMetrics

if TYPE_CHECKING:
    from psutil._ntuples import sdiskio

SYS_BLOCK = "/sys/block"


def read_devices(sysfs: str = SYS_BLOCK) -> Mapping[str, sdiskio]:
    """Return the counters of each disk that did anything.

    Without partitions and without devices that are made of others (device
    mapper, RAID, loop on a file): what these do, a disk does too.
    """
    counters = psutil.disk_io_counters(perdisk=True)
    return {
        name: counted
        for name, counted in counters.items()
        if is_disk(f"{sysfs}/{name}") and (counted.read_count or counted.write_count)
    }


def is_disk(directory: str) -> bool:
    """Whether a device's directory in sysfs is that of a whole disk."""
    # Only what has hardware below it, real or virtual, has `device`; partitions are not in /sys/block at all.
    return os.path.exists(f"{directory}/device")


def io_metrics(
    before: Mapping[str, sdiskio], after: Mapping[str, sdiskio], seconds: float
) -> IoMetrics | None:
    """Return what the disks did in all, and between two readings; None if there are none."""
    known = [name for name in after if name in before]
    if not known:
        return None
    return IoMetrics(
        total_reads=sum(after[name].read_count for name in known),
        total_writes=sum(after[name].write_count for name in known),
        read_bytes=sum(after[name].read_bytes for name in known),
        write_bytes=sum(after[name].write_bytes for name in known),
        read_rate=sum(rate(before[name].read_bytes, after[name].read_bytes, seconds) for name in known),
        write_rate=sum(rate(before[name].write_bytes, after[name].write_bytes, seconds) for name in known),
        disk_io=[device_metrics(name, before[name], after[name], seconds) for name in sorted(known)],
    )


def device_metrics(name: str, before: sdiskio, after: sdiskio, seconds: float) -> DeviceIoMetrics:
    """Return what one disk did in all, and how busy it was between two readings."""
    busy_ms = rate(before.busy_time, after.busy_time, seconds)
    return DeviceIoMetrics(
        device=name,
        reads_completed=after.read_count,
        writes_completed=after.write_count,
        read_bytes=after.read_bytes,
        write_bytes=after.write_bytes,
        read_time_ms=after.read_time,
        write_time_ms=after.write_time,
        io_time_ms=after.busy_time,
        utilization_percent=min(100.0, percent(busy_ms, 1000.0)),
    )
