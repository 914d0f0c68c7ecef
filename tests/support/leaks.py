"""What a test left behind: processes, zombies, mounts, cgroups, open files.

A leftover is something that is there after a test and was not before. The
kernel lets go of some things a little later than a process ends, and sends no
event for most of them, so leftovers get a bounded time to go, and are looked for
again and again.
"""

from __future__ import annotations

import contextlib
import gc
import glob
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from joblet.linux.cgroup_hierarchy import find_hierarchy
from joblet.linux.mountinfo import read_mountinfo

LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is there at one moment, each thing as a line that a person can use."""

    children: frozenset[str]
    users_of_files: frozenset[str]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    open_files: frozenset[str]


def read_holdings(folder: Path) -> Holdings:
    """Return what this process holds, and which others use files below the folder."""
    children, users = set(), set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it ends while we look
            name, state, parent = _read_stat(pid)
            if parent == os.getpid():
                children.add(f"{pid} {name}{' (zombie)' if state == 'Z' else ''}")
            elif pid != str(os.getpid()) and (file := _file_below(pid, f"{folder}/")):
                users.add(f"{pid} {name} uses {file}")
    return Holdings(
        children=frozenset(children),
        users_of_files=frozenset(users),
        mounts=frozenset(f"{mount.mount_point} ({mount.mount_id})" for mount in read_mountinfo()),
        cgroups=frozenset(_cgroups()),
        open_files=frozenset(_open_files()),
    )


def wait_leftovers(before: Holdings, folder: Path, deadline_seconds: float) -> dict[str, list[str]]:
    """Return what is there now and was not before, once it is nothing or the deadline has come."""
    deadline = time.monotonic() + deadline_seconds
    while leftovers := _difference(before, read_holdings(folder)):
        if time.monotonic() > deadline:
            return leftovers
        gc.collect()  # an exception's traceback may keep a closed-over file alive
        time.sleep(LOOK_AGAIN_SECONDS)
    return {}


def _difference(before: Holdings, after: Holdings) -> dict[str, list[str]]:
    new = {
        field.name: sorted(getattr(after, field.name) - getattr(before, field.name))
        for field in fields(Holdings)
    }
    return {name: lines for name, lines in new.items() if lines}


def _read_stat(pid: str) -> tuple[str, str, int]:
    # The name may contain anything, a closing bracket included: proc_pid_stat(5).
    start, _, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
    state, parent = rest.split()[:2]
    return start.partition("(")[2], state, int(parent)


def _file_below(pid: str, folder: str) -> str:
    for link in (f"/proc/{pid}/cwd", *glob.iglob(f"/proc/{pid}/fd/*")):
        with contextlib.suppress(OSError):
            if (target := os.readlink(link)).startswith(folder):
                return target
    return ""


def _cgroups() -> Iterator[str]:
    hierarchy = find_hierarchy()
    for mount_point in filter(None, {hierarchy.v2_path, *hierarchy.v1_paths.values()}):
        for pattern in ("joblet.slice/*", "joblet-*.slice"):
            yield from glob.iglob(f"{mount_point}/{pattern}/")


def _open_files() -> Iterator[str]:
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one of listdir itself
            yield f"{fd} → {os.readlink(f'/proc/self/fd/{fd}')}"
