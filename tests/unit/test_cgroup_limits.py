"""Limits as the settings that the kernel is given, v1 and v2."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from joblet.linux import cgroup_v1, cgroup_v2
from joblet.linux.cgroup_hierarchy import Hierarchy
from joblet.linux.cgroup_limits import CONTROLLERS, PAGE_BYTES, CgroupLimits, Setting

LIMITS = CgroupLimits(
    cpu_percent=150, memory_bytes=10 * PAGE_BYTES + 1, io_bps=1000, max_processes=7, io_device="8:0"
)
WITHOUT_IO = CgroupLimits(cpu_percent=1, memory_bytes=PAGE_BYTES, io_bps=0, max_processes=1)


def written(settings: list[Setting]) -> list[str]:
    """Return the settings as `file=value`."""
    return [f"{setting.file}={setting.value}" for setting in settings]


def test_v1_files(tmp_path: Path) -> None:
    """Each limit goes into its v1 file, memory before memory and swap, which may never be less."""
    (tmp_path / "memory.memsw.limit_in_bytes").touch()

    settings = list(cgroup_v1.settings(str(tmp_path), CONTROLLERS, LIMITS))

    assert written(settings) == [
        "cpu.cfs_period_us=100000",
        "cpu.cfs_quota_us=150000",
        f"memory.limit_in_bytes={10 * PAGE_BYTES + 1}",
        f"memory.memsw.limit_in_bytes={10 * PAGE_BYTES + 1}",
        "blkio.throttle.read_bps_device=8:0 1000",
        "blkio.throttle.write_bps_device=8:0 1000",
        "pids.max=7",
    ]
    assert settings[2].reads == str(10 * PAGE_BYTES)


def test_v2_files(tmp_path: Path) -> None:
    """Each limit goes into its v2 file; swap is 0, and the kernel kills a job as a whole."""
    (tmp_path / "memory.swap.max").touch()

    settings = list(cgroup_v2.settings(str(tmp_path), CONTROLLERS, LIMITS))

    assert written(settings) == [
        "cpu.max=150000 100000",
        f"memory.max={10 * PAGE_BYTES + 1}",
        "memory.oom.group=1",
        "memory.swap.max=0",
        "io.max=8:0 rbps=1000 wbps=1000",
        "pids.max=7",
    ]
    assert settings[1].reads == str(10 * PAGE_BYTES)
    assert settings[4].reads == "8:0 rbps=1000 wbps=1000 riops=max wiops=max"


def test_without_swap_accounting(tmp_path: Path) -> None:
    """Where the kernel does not count swap, v1 is told not to use it, and v2 has nothing to tell."""
    v1 = written(list(cgroup_v1.settings(str(tmp_path), ["memory"], WITHOUT_IO)))
    v2 = written(list(cgroup_v2.settings(str(tmp_path), ["memory"], WITHOUT_IO)))

    assert v1 == [f"memory.limit_in_bytes={PAGE_BYTES}", "memory.swappiness=0"]
    assert v2 == [f"memory.max={PAGE_BYTES}", "memory.oom.group=1"]


def test_unlimited_io_sets_nothing(tmp_path: Path) -> None:
    """0 bytes per second is unlimited, so no file is written."""
    assert not list(cgroup_v1.settings(str(tmp_path), ["io"], WITHOUT_IO))
    assert not list(cgroup_v2.settings(str(tmp_path), ["io"], WITHOUT_IO))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cpu_percent": 0}, "cpu_percent must be positive"),
        ({"memory_bytes": -1}, "memory_bytes must be positive"),
        ({"max_processes": 0}, "max_processes must be positive"),
        ({"io_bps": -1}, "io_bps must not be negative"),
        ({"io_bps": 1}, "needs the device"),
    ],
)
def test_limits_that_mean_nothing_are_refused(changes: dict[str, Any], why: str) -> None:
    """A limit that would be no limit is a mistake of the caller, said by name."""
    with pytest.raises(ValueError, match=why):
        replace(WITHOUT_IO, **changes)


def test_v2_goes_first() -> None:
    """A controller that v2 offers is used there, the others in v1, and none in both."""
    hierarchy = Hierarchy(
        v2_path="/unified",
        v2_controllers=frozenset({"memory", "pids"}),
        v1_paths={"cpu": "/cpu,cpuacct", "cpuacct": "/cpu,cpuacct", "io": "/blkio", "pids": "/pids"},
    )

    assert [hierarchy.path_of(name) for name in CONTROLLERS] == [
        "/cpu,cpuacct",
        "/unified",
        "/blkio",
        "/unified",
    ]
    assert hierarchy.v1_controllers(LIMITS) == {"/cpu,cpuacct": ["cpu"], "/blkio": ["io"]}
    assert hierarchy.v1_controllers(WITHOUT_IO) == {"/cpu,cpuacct": ["cpu"]}


def test_v1_alone_counts_cpu_time_by_its_own_controller() -> None:
    """Without v2, whose `cpu.stat` needs no controller, `cpuacct` is joined, wherever it is mounted."""
    together = Hierarchy(v1_paths={"cpu": "/both", "cpuacct": "/both", "memory": "/memory", "pids": "/pids"})
    apart = Hierarchy(v1_paths={"cpu": "/cpu", "cpuacct": "/acct", "memory": "/memory", "pids": "/pids"})

    assert together.v1_controllers(WITHOUT_IO)["/both"] == ["cpu", "cpuacct"]
    assert apart.v1_controllers(WITHOUT_IO)["/acct"] == ["cpuacct"]
