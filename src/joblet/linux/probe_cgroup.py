"""What this host can limit, controller by controller, found out by limiting something.

Each controller gets a cgroup of its own in which a limit is set, read back and
removed. Nothing is ever put into it. On v2 the controller stays enabled in
the root's `cgroup.subtree_control`, as the first job would leave it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from joblet.linux import cgroup_directory, cgroup_v1, cgroup_v2
from joblet.linux.blockdevice import device_of
from joblet.linux.cgroup_hierarchy import Hierarchy
from joblet.linux.cgroup_limits import CONTROLLERS, CgroupLimits
from joblet.linux.fact import Fact, State

V1_SPELLING = {"io": "blkio"}
KERNEL_OPTIONS = {
    "cpu": "CONFIG_CFS_BANDWIDTH",
    "memory": "CONFIG_MEMCG",
    "io": "CONFIG_BLK_DEV_THROTTLING",
    "pids": "CONFIG_CGROUP_PIDS",
}
SWAP_FIX = "boot with swapaccount=1, or turn swap off: swapoff -a"


def probe_controllers(hierarchy: Hierarchy, disk: str) -> list[Fact]:
    """Return one fact for each controller, and those about what comes with them.

    `disk` is the `major:minor` for I/O limits, "" if there is none to try them on.
    """
    facts = [_probe_controller(hierarchy, name, disk) for name in CONTROLLERS]
    return [*facts, _probe_swap(hierarchy), _probe_kill(hierarchy)]


def probe_disk(path: str) -> tuple[str, Fact]:
    """Return the `major:minor` of the disk behind a path, "" if there is none, and the fact about it."""
    try:
        disk = device_of(path)
    except OSError as error:
        fix = "put the state directory on a filesystem that is on a disk"
        return "", Fact("disk", State.MISSING, _what(error), fix)
    return disk, Fact("disk", State.OK, f"{path} is on {disk} ({_disk_name(disk)})")


def _probe_controller(hierarchy: Hierarchy, name: str, disk: str) -> Fact:
    path = hierarchy.path_of(name)
    if not path:
        return Fact(name, State.MISSING, "not available", _how_to_get(hierarchy, name))
    if name == "io" and not disk:
        return Fact(name, State.LIMITED, f"{_place(hierarchy, name)}; not tried, no disk to try it on")
    limits = CgroupLimits(
        cpu_percent=50, memory_bytes=64 << 20, io_bps=1 << 20, max_processes=16, io_device=disk or "0:0"
    )
    try:
        with _probe_cgroup(hierarchy, name) as cgroup:
            version = cgroup_v2 if name in hierarchy.v2_controllers else cgroup_v1
            cgroup_directory.apply(cgroup, version.settings(cgroup, [name], limits))
    except OSError as error:
        return Fact(name, State.MISSING, _what(error), _how_to_repair(error, name, path))
    return Fact(name, State.OK, f"{_place(hierarchy, name)}; set a limit and read it back")


def _probe_swap(hierarchy: Hierarchy) -> Fact:
    name = "swap limit"
    with open("/proc/swaps", encoding="utf-8") as file:
        if len(file.readlines()) < 2:  # noqa: PLR2004  one line is the heading
            return Fact(name, State.OK, "not needed, this host has no swap")
    try:
        with _probe_cgroup(hierarchy, "memory") as cgroup:
            counts = cgroup_v1.counts_swap(cgroup) or cgroup_v2.counts_swap(cgroup)
    except OSError as error:
        return Fact(name, State.LIMITED, _what(error), SWAP_FIX)
    if counts:
        return Fact(name, State.OK, "swap counts towards a job's memory")
    return Fact(
        name, State.LIMITED, "the kernel does not count swap: a job may use it beyond its memory", SWAP_FIX
    )


def _probe_kill(hierarchy: Hierarchy) -> Fact:
    name = "cgroup.kill"
    fix = "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
    if not hierarchy.v2_path:
        return Fact(name, State.LIMITED, "no v2 hierarchy: processes are killed one by one", fix)
    try:
        with _probe_cgroup(hierarchy, "") as cgroup:
            has_kill = os.path.exists(f"{cgroup}/cgroup.kill")
    except OSError as error:
        return Fact(name, State.MISSING, _what(error), _how_to_repair(error, "", hierarchy.v2_path))
    if has_kill:
        return Fact(name, State.OK, f"v2 at {hierarchy.v2_path}; all of a job is killed at once")
    return Fact(name, State.LIMITED, "processes are killed one by one", "Linux 5.14 or later")


@contextlib.contextmanager
def _probe_cgroup(hierarchy: Hierarchy, controller: str) -> Iterator[str]:
    """A cgroup that has the controller, or a v2 one for ""; with a slice of its own, so that both can go."""
    parent = f"joblet-probe-{os.getpid()}.slice"
    is_v2 = not controller or controller in hierarchy.v2_controllers
    base = hierarchy.v2_path if is_v2 else hierarchy.path_of(controller)
    slice_path = f"{base}/{parent}"
    try:
        if is_v2:
            cgroup_v2.ensure_slice(base, parent, hierarchy.v2_controllers & {controller})
        os.makedirs(f"{slice_path}/probe")
        yield f"{slice_path}/probe"
    finally:
        cgroup_directory.remove(slice_path)


def _place(hierarchy: Hierarchy, name: str) -> str:
    version = "v2" if name in hierarchy.v2_controllers else "v1"
    return f"{version} at {hierarchy.path_of(name)}"


def _how_to_get(hierarchy: Hierarchy, name: str) -> str:
    spelling = V1_SPELLING.get(name, name)
    with open("/proc/cgroups", encoding="ascii") as file:
        enabled = {line.split()[0]: line.split()[3] for line in file if not line.startswith("#")}
    if spelling not in enabled:
        return f"use a kernel with {KERNEL_OPTIONS[name]}=y"
    if enabled[spelling] == "0":
        return f"boot with cgroup_enable={spelling} and without cgroup_disable={spelling}"
    if hierarchy.v2_path:
        above = os.path.dirname(hierarchy.v2_path)
        return f"echo +{name} > {above}/cgroup.subtree_control, or delegate it to this container or service"
    mount_point = f"/sys/fs/cgroup/{spelling}"
    return f"mkdir -p {mount_point} && mount -t cgroup -o {spelling} {spelling} {mount_point}"


def _how_to_repair(error: OSError, name: str, path: str) -> str:
    fixes = {
        errno.EACCES: "run as root",
        errno.EPERM: "run as root",
        errno.EROFS: f"mount -o remount,rw {path}",
        errno.EBUSY: f"move the processes out of {path}: run the daemon as a service with Delegate=yes",
        errno.ENOENT: f"use a kernel with {KERNEL_OPTIONS.get(name, 'CONFIG_CGROUPS')}=y",
    }
    return fixes.get(error.errno or 0, "see the kernel's log: dmesg | tail")


def _what(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}"


def _disk_name(disk: str) -> str:
    return "/dev/" + os.path.basename(os.path.realpath(f"/sys/dev/block/{disk}"))
