"""cgroup v1: which files carry the limits, when each controller is mounted by itself.

Source: Documentation/admin-guide/cgroup-v1 of the kernel. What v1 cannot do:

* There is no `memory.oom.group`: the kernel kills one process of the job, and
  the rest lives on. That it did is counted in `memory.oom_control`.
* Only direct I/O and reads are throttled: a buffered write is charged to
  nobody when it reaches the disk.
* There is no `cgroup.kill`, no event for "empty", no `CLONE_INTO_CGROUP`: the
  job's init writes itself into `tasks`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from joblet.linux.cgroup_limits import CPU_PERIOD_US, CgroupLimits, Setting

MEMSW_LIMIT = "memory.memsw.limit_in_bytes"


def settings(path: str, controllers: Collection[str], limits: CgroupLimits) -> Iterator[Setting]:
    """Yield what these controllers are told in the cgroup at path, in the order that the kernel wants."""
    if "cpu" in controllers:
        yield _same("cpu", "cpu.cfs_period_us", CPU_PERIOD_US)
        yield _same("cpu", "cpu.cfs_quota_us", limits.cpu_quota_us)
    if "memory" in controllers:
        yield from _memory(path, limits)
    if "io" in controllers and limits.io_bps:
        for direction in ("read", "write"):
            yield _same("io", f"blkio.throttle.{direction}_bps_device", f"{limits.io_device} {limits.io_bps}")
    if "pids" in controllers:
        yield _same("pids", "pids.max", limits.max_processes)


def counters(path: str, controllers: Collection[str]) -> list[str]:
    """Return the files to record at the end, of these controllers in the cgroup at path."""
    names = []
    if "memory" in controllers:
        peak = "memory.memsw.max_usage_in_bytes" if counts_swap(path) else "memory.max_usage_in_bytes"
        names += ["memory.oom_control", peak]
    if "cpuacct" in controllers:
        names.append("cpuacct.usage")
    if "io" in controllers:
        names.append("blkio.throttle.io_service_bytes")
    return [f"{path}/{name}" for name in names]


def memory_now(path: str, controllers: Collection[str]) -> list[str]:
    """Return the file that says what the cgroup at path has now, counted as its peak is."""
    if "memory" not in controllers:
        return []
    return [f"{path}/memory.{'memsw.' if counts_swap(path) else ''}usage_in_bytes"]


def counts_swap(path: str) -> bool:
    """Whether the memory cgroup at path limits swap: not with the boot parameter `swapaccount=0`."""
    return os.path.exists(f"{path}/{MEMSW_LIMIT}")


def _memory(path: str, limits: CgroupLimits) -> Iterator[Setting]:
    kept = str(limits.whole_pages_bytes)
    yield Setting("memory", "memory.limit_in_bytes", str(limits.memory_bytes), kept)
    if counts_swap(path):
        # After the limit without swap, which must never be the larger one.
        yield Setting("memory", MEMSW_LIMIT, str(limits.memory_bytes), kept)
    else:
        yield _same("memory", "memory.swappiness", 0)


def _same(controller: str, file: str, value: object) -> Setting:
    return Setting(controller, file, str(value), str(value))
