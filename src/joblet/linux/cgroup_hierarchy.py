"""Where this host has which cgroup controller.

A controller lives in exactly one hierarchy: in the one of cgroup v2, or in a
v1 hierarchy of its own or shared with others, or nowhere (disabled at boot,
not compiled in, or not mounted). Many hosts are hybrids: v1 controllers, and
a v2 hierarchy that has few or none of them and is still worth having, for
`cgroup.kill`, `cgroup.events`, `cpu.stat` and `CLONE_INTO_CGROUP`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from joblet.linux.cgroup_directory import read_file
from joblet.linux.cgroup_limits import CONTROLLERS, CgroupLimits
from joblet.linux.mountinfo import Mount, read_mountinfo

V1_NAMES: Mapping[str, str] = {
    "cpu": "cpu",
    "cpuacct": "cpuacct",
    "memory": "memory",
    "blkio": "io",
    "pids": "pids",
}
"""The v1 controllers that matter here, and what this package calls them: the v2 name, if there is one."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where cgroups are made on this host.

    `v2_path` is the v2 directory below which slices go, "" if there is none;
    `v2_controllers` are those that it offers. `v1_paths` has the mount point
    of each v1 controller.
    """

    v2_path: str = ""
    v2_controllers: frozenset[str] = frozenset()
    v1_paths: Mapping[str, str] = field(default_factory=dict)

    def path_of(self, controller: str) -> str:
        """Return the directory where the controller is, "" if it is nowhere; v2 goes first."""
        if controller in self.v2_controllers:
            return self.v2_path
        return self.v1_paths.get(controller, "")

    def missing(self, limits: CgroupLimits) -> list[str]:
        """Return the controllers that these limits need and this host lacks."""
        return [name for name in limits.controllers if not self.path_of(name)]

    def v1_controllers(self, limits: CgroupLimits) -> dict[str, list[str]]:
        """Return what a job with these limits uses of v1: controllers by mount point.

        Without an I/O limit that leaves `io` out: v1 counts only what it
        throttles, so being there would measure nothing. `cpuacct` is there
        only to count, which v2 does without any controller.
        """
        used = [name for name in limits.controllers if name not in self.v2_controllers]
        if not self.v2_path:
            used.append("cpuacct")
        places: dict[str, list[str]] = {}
        for name in used:
            if name in self.v1_paths:
                places.setdefault(self.v1_paths[name], []).append(name)
        return places


def find_hierarchy(delegated: str = "") -> Hierarchy:
    """Return where the controllers are, by this process's mounts.

    `delegated` is the cgroup, as in `/proc/self/cgroup`, below which a service
    manager lets this process make v2 cgroups; by default the root.

    Raises:
        OSError: there is no `/proc`, or the v2 hierarchy cannot be read.

    """
    hierarchy = hierarchy_from_mounts(mount for mount in read_mountinfo() if _is_reachable(mount))
    if not hierarchy.v2_path:
        return hierarchy
    v2_path = os.path.normpath(f"{hierarchy.v2_path}/{delegated}")
    offered = frozenset(read_file(f"{v2_path}/cgroup.controllers").split())
    return Hierarchy(v2_path, offered & frozenset(CONTROLLERS), hierarchy.v1_paths)


def hierarchy_from_mounts(mounts: Iterable[Mount]) -> Hierarchy:
    """Return where the controllers are mounted, not yet which of them v2 offers.

    One that is mounted several times is taken where it can be written.
    """
    v2_path = ""
    v1_paths: dict[str, str] = {}
    # Later mounts hide earlier ones, and writable ones are better than others.
    for mount in sorted(mounts, key=lambda mount: mount.is_writable):
        if mount.fstype == "cgroup2":
            v2_path = mount.mount_point
        elif mount.fstype == "cgroup":
            v1_paths.update(
                {V1_NAMES[name]: mount.mount_point for name in mount.super_options if name in V1_NAMES}
            )
    return Hierarchy(v2_path=v2_path, v1_paths=v1_paths)


def _is_reachable(mount: Mount) -> bool:
    """Whether no other mount covers it, as a container's does its host's."""
    return not mount.fstype.startswith("cgroup") or os.path.exists(f"{mount.mount_point}/cgroup.procs")
