"""Cgroups for one test, on this host's own controllers, gone afterwards; and every client of an API."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.linux import cgroup_directory
from joblet.linux.cgroup import CgroupLimits, Hierarchy, JobCgroup, find_hierarchy
from joblet.testing.daemon import Daemon
from support.api import CLIENTS, Api, Connect
from support.host import PATIENCE

PARENT = f"joblet-test-{os.getpid()}.slice"
MIB = 1 << 20
EASY = CgroupLimits(cpu_percent=100, memory_bytes=256 * MIB, io_bps=0, max_processes=64)

MakeCgroup = Callable[..., JobCgroup]


@pytest.fixture(params=["all", "v1 only"])
def hierarchy(request: pytest.FixtureRequest) -> Hierarchy:
    """Where this host's controllers are; and once more as if it had no v2, if that leaves any."""
    found = find_hierarchy()
    if request.param == "all":
        return found
    v1_only = replace(found, v2_path="", v2_controllers=frozenset())
    if v1_only.missing(EASY):
        pytest.skip("this host has no v1 controllers")
    return v1_only


@pytest.fixture
async def make_cgroup(hierarchy: Hierarchy) -> AsyncIterator[MakeCgroup]:
    """Make cgroups with given limits (or names), and remove them with all that is in them."""
    made: list[JobCgroup] = []
    numbers = itertools.count(1)

    def make(limits: CgroupLimits = EASY, name: str = "") -> JobCgroup:
        cgroup = JobCgroup.create(hierarchy, PARENT, name or f"job-{next(numbers)}", limits)
        made.append(cgroup)
        return cgroup

    yield make
    async with asyncio.timeout(10 * PATIENCE):
        for cgroup in made:
            cgroup.kill()
            await cgroup.wait_empty()
            cgroup.remove()
    for path in paths_below(hierarchy):
        cgroup_directory.remove(path)


@pytest.fixture(params=CLIENTS)
def connect(request: pytest.FixtureRequest) -> Connect:
    """Return what connects a client: ours, and those that others make."""
    client: Connect = request.param
    return client


@pytest.fixture
async def api(daemon: Daemon, connect: Connect, tmp_path: Path) -> AsyncIterator[Api]:
    """Return an admin's client of the module's daemon."""
    async with connect(daemon.node("admin"), tmp_path) as client:
        yield client


def paths_below(hierarchy: Hierarchy, name: str = "") -> list[str]:
    """Return the paths that a test's slice, or a cgroup in it, has in each hierarchy."""
    mount_points = {*hierarchy.v1_paths.values(), hierarchy.v2_path} - {""}
    return [os.path.normpath(f"{mount_point}/{PARENT}/{name}") for mount_point in mount_points]


def left_of(hierarchy: Hierarchy, name: str) -> list[str]:
    """Return what there is of a cgroup, in any hierarchy."""
    return [path for path in paths_below(hierarchy, name) if os.path.exists(path)]
