"""The life of a job's cgroups: made whole or not at all, emptied, removed."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
from dataclasses import replace

import pytest

from joblet.linux import cgroup_directory
from joblet.linux.cgroup import CgroupMismatch, Hierarchy, JobCgroup, find_hierarchy
from joblet.linux.cgroup_limits import Setting
from support.host import PATIENCE
from support.members import line_of, spawn_in

from .conftest import EASY, PARENT, MakeCgroup, left_of, paths_below

pytestmark = pytest.mark.isolation

DEADLINE_SECONDS = 10 * PATIENCE
RESTLESS = "trap '' TERM; setsid sleep 1000 & setsid sh -c 'sleep 1000 & echo ready; wait' & wait"
"""Ignores SIGTERM, and its children leave its session and process group."""


def members_of(cgroup: JobCgroup) -> set[int]:
    """Return the pids in any of a job's cgroups."""
    directories = {os.path.dirname(path) for path in cgroup.counters}
    return {pid for path in directories for pid in cgroup_directory.read_members(path)}


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(replace(EASY, io_bps=1 << 20, io_device="254:4095"), id="a device that does not exist"),
        pytest.param(replace(EASY, max_processes=1 << 40), id="more processes than there can be"),
    ],
)
def test_a_limit_that_is_refused_leaves_nothing(
    hierarchy: Hierarchy, make_cgroup: MakeCgroup, limits: object
) -> None:
    """When the kernel refuses one limit, the error names its file, and no directory is left anywhere."""
    with pytest.raises(OSError, match=f"/{PARENT}/refused/"):
        make_cgroup(limits, "refused")

    assert left_of(hierarchy, "refused") == []


def test_a_limit_that_reads_back_otherwise_leaves_nothing(
    hierarchy: Hierarchy, make_cgroup: MakeCgroup
) -> None:
    """A limit that the kernel silently changes in kind is an error with both values, and nothing is left."""
    with pytest.raises(CgroupMismatch, match="limit not taken") as raised:
        make_cgroup(replace(EASY, memory_bytes=2**64 - 4096), "changed")

    assert raised.value.wanted == str(2**64 - 4096)
    assert raised.value.got != raised.value.wanted
    assert left_of(hierarchy, "changed") == []


def test_rounding_to_pages_is_no_mismatch(make_cgroup: MakeCgroup) -> None:
    """The kernel keeps memory in whole pages; a limit of another size is in force, rounded down."""
    cgroup = make_cgroup(replace(EASY, memory_bytes=EASY.memory_bytes + 4095))

    directory = next(os.path.dirname(path) for path in cgroup.counters if "memory." in path)
    name = "memory.max" if os.path.exists(f"{directory}/memory.max") else "memory.limit_in_bytes"
    assert cgroup_directory.read_file(f"{directory}/{name}").strip() == str(EASY.memory_bytes)


def test_a_setting_is_read_back_from_the_kernel(make_cgroup: MakeCgroup) -> None:
    """What counts is what the kernel says, not that the write succeeded."""
    directory = next(os.path.dirname(path) for path in make_cgroup().counters if "memory." in path)
    name = "memory.max" if os.path.exists(f"{directory}/memory.max") else "memory.limit_in_bytes"

    with pytest.raises(CgroupMismatch) as raised:
        cgroup_directory.apply(directory, [Setting("memory", name, "8193", reads="8193")])

    assert (raised.value.filename, raised.value.got) == (f"{directory}/{name}", "8192")


def test_a_controller_that_is_nowhere_is_an_error(hierarchy: Hierarchy) -> None:
    """A limit without its controller is refused by name before anything is made."""
    without_pids = Hierarchy(
        v1_paths={name: path for name, path in hierarchy.v1_paths.items() if name != "pids"}
    )

    with pytest.raises(OSError, match=r"no controller for: .*pids") as raised:
        JobCgroup.create(without_pids, PARENT, "lacking", EASY)

    assert raised.value.errno == errno.EOPNOTSUPP
    assert left_of(hierarchy, "lacking") == []


def test_a_name_that_is_taken_is_an_error_and_stays(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """Nobody gets into another job's cgroups by using its name, and nobody removes them so."""
    make_cgroup(name="taken")
    there = left_of(hierarchy, "taken")

    with pytest.raises(FileExistsError):
        JobCgroup.create(hierarchy, PARENT, "taken", EASY)

    assert left_of(hierarchy, "taken") == there != []


async def test_kill_reaches_whoever_left_the_session(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """Daemons that ignore SIGTERM and called setsid are killed and waited for; nothing is left."""
    cgroup = make_cgroup(name="restless")

    with spawn_in(cgroup, "sh", "-c", RESTLESS) as process:
        assert line_of(process) == "ready"
        assert len(members_of(cgroup)) == 4
        cgroup.kill()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await cgroup.wait_empty()
    cgroup.remove()

    assert process.returncode == -signal.SIGKILL
    assert left_of(hierarchy, "restless") == []


async def test_members_are_killed_one_by_one_where_the_kernel_cannot(make_cgroup: MakeCgroup) -> None:
    """Without `cgroup.kill`, each member is killed through its pidfd, until none is left."""
    cgroup = make_cgroup()
    directories = {os.path.dirname(path) for path in cgroup.counters}

    with spawn_in(cgroup, "sh", "-c", RESTLESS) as process:
        assert line_of(process) == "ready"
        for path in directories:
            cgroup_directory.kill_members(path)
        async with asyncio.timeout(DEADLINE_SECONDS):
            for path in directories:
                await cgroup_directory.wait_members_ended(path)

    assert members_of(cgroup) == set()


async def test_wait_empty_waits_for_the_last_process(make_cgroup: MakeCgroup) -> None:
    """It does not return while a process lives, and does at once when the last one ends by itself."""
    cgroup = make_cgroup()

    with spawn_in(cgroup, "sh", "-c", "echo ready; read line") as process:
        assert line_of(process) == "ready"
        waiting = asyncio.ensure_future(cgroup.wait_empty())
        await asyncio.sleep(0)  # lets it look once, and find the process
        assert not waiting.done()
        process.communicate("go\n")
        async with asyncio.timeout(DEADLINE_SECONDS):
            await waiting

    assert members_of(cgroup) == set()


async def test_an_empty_cgroup_is_empty_at_once(make_cgroup: MakeCgroup) -> None:
    """Waiting for a cgroup that nothing ever entered returns, and killing in it is no error."""
    cgroup = make_cgroup()

    cgroup.kill()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await cgroup.wait_empty()


def test_a_stranger_is_never_signalled(make_cgroup: MakeCgroup) -> None:
    """A pid that is not (any more) in the cgroup is let go of before any signal is sent."""
    cgroup = make_cgroup()
    directory = os.path.dirname(cgroup.counters[0])

    with subprocess.Popen(["sleep", "1000"]) as stranger:
        assert cgroup_directory._open_members(directory, [stranger.pid]) == []
        cgroup.kill()
        assert stranger.poll() is None
        stranger.kill()


def test_remove_takes_the_cgroups_below_too(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """Cgroups that somebody made below a job's are removed with it."""
    cgroup = make_cgroup(name="parent")
    for path in left_of(hierarchy, "parent"):
        os.makedirs(f"{path}/child/grandchild")

    cgroup.remove()

    assert left_of(hierarchy, "parent") == []


def test_remove_refuses_while_a_process_is_inside(make_cgroup: MakeCgroup) -> None:
    """EBUSY, never a quiet leftover."""
    cgroup = make_cgroup()

    with spawn_in(cgroup, "sh", "-c", "echo ready; read line") as process:
        assert line_of(process) == "ready"
        with pytest.raises(OSError, match="busy") as raised:
            cgroup.remove()
        process.communicate("go\n")

    assert raised.value.errno == errno.EBUSY


async def test_what_has_vanished_is_no_error(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """Kill, wait and remove find nothing to do when somebody else removed some directories, or all."""
    cgroup = make_cgroup(name="vanished")
    there = left_of(hierarchy, "vanished")

    for gone in (there[:1], there[1:]):
        for path in gone:
            os.rmdir(path)
        cgroup.kill()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await cgroup.wait_empty()
    cgroup.remove()

    assert left_of(hierarchy, "vanished") == []


async def test_another_daemon_takes_over(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """Opened by name, the same cgroups can be killed, waited for, counted and removed; a part may be gone."""
    made = make_cgroup(name="adopted")

    with spawn_in(made, "sh", "-c", RESTLESS) as process:
        assert line_of(process) == "ready"
        made.close_fds()
        adopted = JobCgroup.open(hierarchy, PARENT, "adopted")
        assert sorted(adopted.counters) == sorted(made.counters)
        adopted.kill()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await adopted.wait_empty()
    os.rmdir(left_of(hierarchy, "adopted")[0])
    JobCgroup.open(hierarchy, PARENT, "adopted").remove()

    assert left_of(hierarchy, "adopted") == []


async def test_a_service_manager_delegates_a_part(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """With a delegated cgroup, v2 cgroups are made below it and nowhere else."""
    if not hierarchy.v2_path:
        pytest.skip("there is no v2 hierarchy to delegate from")
    make_cgroup()  # brings the controllers down to the slice
    os.mkdir(f"{hierarchy.v2_path}/{PARENT}/delegated")

    below = find_hierarchy(f"/{PARENT}/delegated")
    cgroup = JobCgroup.create(below, "some.slice", "job", EASY)

    assert below.v2_path == f"{hierarchy.v2_path}/{PARENT}/delegated"
    assert below.v2_controllers == hierarchy.v2_controllers
    assert os.path.isdir(f"{below.v2_path}/some.slice/job")
    cgroup.remove()
    for mount_point in set(hierarchy.v1_paths.values()):
        cgroup_directory.remove(f"{mount_point}/some.slice")


def test_a_level_with_processes_cannot_pass_controllers_on(hierarchy: Hierarchy) -> None:
    """v2's "no internal process constraint" is an error that names the file, and leaves nothing."""
    if not hierarchy.v2_controllers:
        pytest.skip("this host's v2 hierarchy has no controllers")
    busy = f"{hierarchy.v2_path}/{PARENT}"
    os.mkdir(busy)

    with subprocess.Popen(
        ["sh", "-c", f"echo 0 > {busy}/cgroup.procs; echo ready; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert line_of(process) == "ready"
        with pytest.raises(OSError, match=r"cgroup.subtree_control") as raised:
            JobCgroup.create(hierarchy, PARENT, "job", EASY)
        process.communicate("go\n")
    left = left_of(hierarchy, "job")
    cgroup_directory.remove(busy)

    assert raised.value.errno == errno.EBUSY
    assert left == []


def test_opening_what_is_not_there_gives_nothing_to_do(hierarchy: Hierarchy) -> None:
    """A job whose cgroups are all gone has no counters, and removing it is no error."""
    cgroup = JobCgroup.open(hierarchy, PARENT, "never-made")

    cgroup.kill()
    cgroup.remove()

    assert cgroup.counters == []
    assert not any(os.path.exists(path) for path in paths_below(hierarchy))
