"""The job is in its cgroups from its first instruction, and sees itself at their root."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet.linux.cgroup_hierarchy import find_hierarchy
from support.shim import Start

pytestmark = pytest.mark.isolation


def mount_points() -> dict[str, str]:
    """Return where this host's hierarchies are: v1 by controller, v2 as `unified`."""
    found = find_hierarchy()
    points = dict(found.v1_paths)
    if found.v2_path:
        points["unified"] = found.v2_path
    return points


@contextlib.contextmanager
def new_cgroup(mount_point: str) -> Iterator[Path]:
    """Make a cgroup by hand, and remove it."""
    folder = Path(mount_point) / f"joblet-shim-test-{os.getpid()}.slice"
    folder.mkdir()
    try:
        yield folder
    finally:
        folder.rmdir()


@pytest.mark.parametrize("controller", ["memory", "pids", "cpu"])
def test_join_of_a_v1_cgroup(run: Start, controller: str) -> None:
    """The command and its children are in the cgroup, which is the root of what they see."""
    if controller not in find_hierarchy().v1_paths:
        pytest.skip(f"this host has no v1 {controller} controller")
    with new_cgroup(find_hierarchy().v1_paths[controller]) as folder:
        fd = os.open(folder / "tasks", os.O_WRONLY | os.O_CLOEXEC)
        try:
            job = run("sh", "-c", "(cat /proc/self/cgroup)", options=["--join-fd", str(fd)], inherit=[fd])
        finally:
            os.close(fd)

    lines = [line.split(":") for line in job.log.decode().splitlines()]
    assert [path for _, names, path in lines if controller in names.split(",")] == ["/"]


def test_limit_of_a_v1_cgroup_holds(run: Start) -> None:
    """A limit on processes, set before, is felt by the very first fork; the shim does not count."""
    if "pids" not in find_hierarchy().v1_paths:
        pytest.skip("this host has no v1 pids controller")
    with new_cgroup(find_hierarchy().v1_paths["pids"]) as folder:
        (folder / "pids.max").write_text("2")
        fd = os.open(folder / "tasks", os.O_WRONLY | os.O_CLOEXEC)
        try:
            job = run("sh", "-c", "(true); echo not reached", options=["--join-fd", str(fd)], inherit=[fd])
        finally:
            os.close(fd)

    assert b"annot fork" in job.log
    assert b"not reached" not in job.log


def test_join_of_several(run: Start) -> None:
    """Every cgroup given is joined, and their counters are in the record."""
    v1_paths = find_hierarchy().v1_paths
    names = [name for name in ("memory", "pids", "cpuacct") if name in v1_paths]
    if len(names) < 2:
        pytest.skip("this host has fewer than two v1 controllers")
    with contextlib.ExitStack() as stack:
        folders = [stack.enter_context(new_cgroup(v1_paths[name])) for name in names]
        fds = [os.open(folder / "tasks", os.O_WRONLY | os.O_CLOEXEC) for folder in folders]
        counter = str(folders[0] / "memory.max_usage_in_bytes")
        options = [word for fd in fds for word in ("--join-fd", str(fd))] + ["--counter", counter]
        try:
            job = run("cat", "/proc/self/cgroup", options=options, inherit=fds)
        finally:
            for fd in fds:
                os.close(fd)

    paths = {name: path for _, names_, path in (line.split(":") for line in job.log.decode().splitlines())
             for name in names_.split(",")}  # fmt: skip
    assert {paths[name] for name in names} == {"/"}
    assert int(job.record.counters[counter]) > 0


def test_birth_in_a_v2_cgroup(run: Start) -> None:
    """With --cgroup-fd the job is born in the cgroup, and that is the root of what it sees."""
    if not (v2_path := find_hierarchy().v2_path):
        pytest.skip("this host has no cgroup v2")
    with new_cgroup(v2_path) as folder:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            job = run("cat", "/proc/self/cgroup", options=["--cgroup-fd", str(fd)], inherit=[fd])
        finally:
            os.close(fd)

    assert "0::/" in job.log.decode().splitlines()


def test_fork_bomb_is_gone_with_its_command(start: Start) -> None:
    """A command that forks without end is gone, all of it, when it is killed."""
    if "pids" not in (v1_paths := find_hierarchy().v1_paths):
        pytest.skip("this host has no v1 pids controller")
    script = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    with new_cgroup(v1_paths["pids"]) as folder:
        (folder / "pids.max").write_text("50")
        fd = os.open(folder / "tasks", os.O_WRONLY | os.O_CLOEXEC)
        try:
            options = ["--join-fd", str(fd), "--timeout-ms", "200"]
            job = start("/usr/bin/python3", "-c", script, options=options, inherit=[fd])
        finally:
            os.close(fd)

        assert job.wait() == 0
        assert (folder / "tasks").read_text() == ""
    assert job.record.facts["cause"] == "timeout"


def own_cgroup(pid: int) -> str:
    """Return the v2 cgroup that a process is in."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return next(line.removeprefix("0::") for line in lines if line.startswith("0::"))


def test_shim_in_a_cgroup_of_its_own(start: Start) -> None:
    """With --shim-cgroup-fd, the shim is a new child of ours, born there, and the spawned process ends."""
    if not (v2_path := find_hierarchy().v2_path):
        pytest.skip("this host has no cgroup v2")
    with new_cgroup(v2_path) as folder:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        home = os.open(v2_path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        options = ["--shim-cgroup-fd", str(fd), "--cgroup-fd", str(home)]
        try:
            job = start("sleep", "600", options=options, inherit=[fd, home])
        finally:
            os.close(fd)
            os.close(home)
        assert job.wait() == 0
        shim = int(job.wait_facts().split()[1])
        assert own_cgroup(shim) == f"/{folder.name}"
        os.kill(shim, signal.SIGTERM)
        _, status = os.waitpid(shim, 0)

    assert status == 0
    assert job.record.facts["cause"] == "stopped"


def test_shim_that_cannot_enter_its_cgroup(start: Start) -> None:
    """What is no cgroup v2 directory ends the spawned process with 1, and nothing has been touched."""
    with open("/dev/null") as no_cgroup:
        fd = no_cgroup.fileno()
        job = start("true", options=["--shim-cgroup-fd", str(fd)], inherit=[fd])

    assert job.wait() == 1
    assert job.wait_facts() == ""
    assert sorted(path.name for path in job.folder.iterdir()) == ["lock", "work"]
