"""The cgroups of one job: made with its limits, emptied, removed.

A job has at most one v2 cgroup, and one v1 cgroup in each hierarchy that it
needs (`Hierarchy`). All have the same name below the same parent. Nothing
here decides what a limit should be, and nothing is applied in part: either
every limit is in force and was read back, or nothing is left and it raises.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Mapping
from typing import Self

from joblet.linux import cgroup_directory, cgroup_v1, cgroup_v2
from joblet.linux.cgroup_hierarchy import Hierarchy, find_hierarchy
from joblet.linux.cgroup_limits import CgroupLimits, CgroupMismatch
from joblet.linux.cgroup_usage import CgroupUsage, read_usage

__all__ = [
    "CgroupLimits",
    "CgroupMismatch",
    "CgroupUsage",
    "Hierarchy",
    "JobCgroup",
    "find_hierarchy",
    "read_usage",
]


class JobCgroup:
    """The directories of one job, and the open files by which it gets into them.

    Made by `create` or `open`. `clone_fd` is the v2 directory, for
    `CLONE_INTO_CGROUP` of clone3(2); `join_fds` are the `tasks` files of the v1
    directories: a thread that writes "0" to each is in them, and so are all
    that it forks from then on.
    """

    def __init__(self, hierarchy: Hierarchy, v2_path: str, v1_paths: Mapping[str, Collection[str]]) -> None:
        self._hierarchy = hierarchy
        self._v2_path = v2_path
        self._v1_paths = v1_paths  # of each the controllers that are used in it
        self.clone_fd: int | None = None
        self.join_fds: list[int] = []

    @classmethod
    def create(cls, hierarchy: Hierarchy, parent: str, name: str, limits: CgroupLimits) -> Self:
        """Make a job's cgroups `parent`/`name` with all limits in force.

        Raises:
            CgroupMismatch: the kernel took a limit and says something else.
            OSError: a controller is missing (EOPNOTSUPP), the name is taken
                (EEXIST), or the kernel refused something; nothing is left.

        """
        if missing := hierarchy.missing(limits):
            raise OSError(
                errno.EOPNOTSUPP, f"this host has no controller for: {', '.join(missing)}", "/proc/cgroups"
            )
        with contextlib.ExitStack() as undo:
            v2_path = _create_v2(undo, hierarchy, parent, name, limits)
            v1_paths = _create_v1(undo, hierarchy, parent, name, limits)
            cgroup = cls(hierarchy, v2_path, v1_paths)
            undo.callback(cgroup.close_fds)
            cgroup._open_fds()
            undo.pop_all()
            return cgroup

    @classmethod
    def open(cls, hierarchy: Hierarchy, parent: str, name: str) -> Self:
        """Take over the cgroups that another process made; those that are gone are left out.

        There are no fds in it: nothing more can be put into an adopted cgroup.
        """
        v1_paths: dict[str, list[str]] = {}
        for controller, mount_point in hierarchy.v1_paths.items():
            v1_paths.setdefault(f"{mount_point}/{parent}/{name}", []).append(controller)
        v2_path = f"{hierarchy.v2_path}/{parent}/{name}" if hierarchy.v2_path else ""
        return cls(
            hierarchy,
            v2_path if os.path.isdir(v2_path) else "",
            {path: controllers for path, controllers in v1_paths.items() if os.path.isdir(path)},
        )

    @staticmethod
    def names(hierarchy: Hierarchy, parent: str) -> set[str]:
        """Return the names of all cgroups below `parent`, in whichever hierarchy they are."""
        found = set()
        for mount_point in {*hierarchy.v1_paths.values(), hierarchy.v2_path} - {""}:
            with contextlib.suppress(FileNotFoundError), os.scandir(f"{mount_point}/{parent}") as entries:
                found |= {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        return found

    @property
    def counters(self) -> list[str]:
        """Paths of the files to record when the job has ended, for `read_usage`, if they can be read then."""
        files = [
            file
            for path, controllers in self._v1_paths.items()
            for file in cgroup_v1.counters(path, controllers)
        ]
        if self._v2_path:
            files += cgroup_v2.counters(self._v2_path, self._hierarchy.v2_controllers)
        return files

    def usage(self) -> CgroupUsage:
        """Return what the job has consumed so far, and the memory that it has now.

        What cannot be read is not measured: the counters of a job that ends
        meanwhile go with its cgroups, one after the other.
        """
        files = self.counters
        for path, controllers in self._v1_paths.items():
            files += cgroup_v1.memory_now(path, controllers)
        if self._v2_path:
            files += cgroup_v2.memory_now(self._v2_path, self._hierarchy.v2_controllers)
        texts = {}
        for file in files:
            with contextlib.suppress(OSError):
                texts[file] = cgroup_directory.read_file(file)
        return read_usage(texts)

    def close_fds(self) -> None:
        """Close what a job needs to get in, once it is; idempotent."""
        fds = [*self.join_fds, *([] if self.clone_fd is None else [self.clone_fd])]
        self.join_fds, self.clone_fd = [], None
        for fd in fds:
            os.close(fd)

    def kill(self) -> None:
        """Send SIGKILL to whatever is still in, and to nothing else; returns before they have ended.

        Raises:
            OSError: the kernel refused, which leaves processes alive.

        """
        swept = list(self._v1_paths)
        if self._v2_path and not cgroup_v2.kill(self._v2_path):
            swept.append(self._v2_path)
        for path in swept:
            # Only one of them has it: where fork(2) is stopped for all.
            with contextlib.suppress(FileNotFoundError):
                cgroup_directory.write_file(f"{path}/pids.max", "0")
        for path in swept:
            cgroup_directory.kill_members(path)

    async def wait_empty(self) -> None:
        """Return once nothing runs in any of the cgroups. The caller sets the timeout."""
        if self._v2_path:
            await cgroup_v2.wait_unpopulated(self._v2_path)
        for path in self._v1_paths:
            await cgroup_directory.wait_members_ended(path)

    def remove(self) -> None:
        """Remove the cgroups, with any below them; those that are gone already are fine.

        Raises:
            OSError: EBUSY, a process is still in one; all others are removed.

        """
        self.close_fds()
        with contextlib.ExitStack() as each:
            for path in (*self._v1_paths, self._v2_path):
                if path:
                    each.callback(cgroup_directory.remove, path)

    def _open_fds(self) -> None:
        if self._v2_path:
            self.clone_fd = os.open(self._v2_path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        for path in self._v1_paths:
            self.join_fds.append(os.open(f"{path}/tasks", os.O_WRONLY | os.O_CLOEXEC))


def _create_v2(
    undo: contextlib.ExitStack, hierarchy: Hierarchy, parent: str, name: str, limits: CgroupLimits
) -> str:
    if not hierarchy.v2_path:
        return ""
    controllers = hierarchy.v2_controllers
    path = f"{cgroup_v2.ensure_slice(hierarchy.v2_path, parent, controllers)}/{name}"
    _make(undo, path)
    cgroup_directory.apply(path, cgroup_v2.settings(path, controllers, limits))
    return path


def _create_v1(
    undo: contextlib.ExitStack, hierarchy: Hierarchy, parent: str, name: str, limits: CgroupLimits
) -> dict[str, list[str]]:
    paths = {}
    for mount_point, controllers in hierarchy.v1_controllers(limits).items():
        path = f"{mount_point}/{parent}/{name}"
        _make(undo, path)
        cgroup_directory.apply(path, cgroup_v1.settings(path, controllers, limits))
        paths[path] = controllers
    return paths


def _make(undo: contextlib.ExitStack, path: str) -> None:
    try:
        os.mkdir(path)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.mkdir(path)
    undo.callback(os.rmdir, path)
