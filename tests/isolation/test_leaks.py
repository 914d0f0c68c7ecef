"""The check that every test is subject to sees what a test can leave behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from joblet.linux.cgroup import find_hierarchy
from support.leaks import read_holdings, wait_leftovers

pytestmark = pytest.mark.isolation


def test_a_file_left_open_is_seen(tmp_path: Path) -> None:
    """The line says which descriptor and what it is."""
    before = read_holdings(tmp_path)
    fd = os.open(tmp_path, os.O_RDONLY)

    leftovers = wait_leftovers(before, tmp_path, 0)
    os.close(fd)

    assert leftovers == {"open_files": [f"{fd} → {tmp_path}"]}
    assert wait_leftovers(before, tmp_path, 0) == {}


def test_a_child_and_its_zombie_are_seen(tmp_path: Path) -> None:
    """A child is a leftover while it runs, and still when it ended and nobody reaped it."""
    before = read_holdings(tmp_path)
    pid = os.posix_spawn("/bin/sleep", ["sleep", "1000"], {})

    running = wait_leftovers(before, tmp_path, 0)
    os.kill(pid, 9)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    ended = wait_leftovers(before, tmp_path, 0)
    os.waitpid(pid, 0)

    assert running == {"children": [f"{pid} sleep"]}
    assert ended == {"children": [f"{pid} sleep (zombie)"]}


def test_a_process_of_somebody_else_that_uses_the_files_is_seen(tmp_path: Path) -> None:
    """A daemon that is nobody's child any more is found by the files of the test that it uses."""
    before = read_holdings(tmp_path)
    (tmp_path / "in").mkdir()

    with subprocess.Popen(
        ["sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' &"], cwd=tmp_path / "in", stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.wait()
        leftovers = wait_leftovers(before, tmp_path, 0)
        os.kill(pid, 9)

    assert [line.split()[0] for line in leftovers["users_of_files"]] == [str(pid)]


def test_a_cgroup_and_a_mount_are_seen(tmp_path: Path) -> None:
    """An empty cgroup is a leftover, and so is a mount that nobody uses."""
    before = read_holdings(tmp_path)
    hierarchy = find_hierarchy()
    cgroup = f"{hierarchy.path_of('pids')}/joblet-leak-{os.getpid()}.slice"
    os.mkdir(cgroup)
    subprocess.run(["mount", "-t", "tmpfs", "leak", tmp_path], check=True)

    leftovers = wait_leftovers(before, tmp_path, 0)
    subprocess.run(["umount", tmp_path], check=True)
    os.rmdir(cgroup)

    assert leftovers["cgroups"] == [f"{cgroup}/"]
    assert [line.split()[0] for line in leftovers["mounts"]] == [str(tmp_path)]
