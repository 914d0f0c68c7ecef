"""Each limit, hit by a real process, on the controllers that this host has."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.linux.blockdevice import device_of
from joblet.linux.cgroup import CgroupUsage, Hierarchy, JobCgroup, read_usage
from joblet.linux.cgroup_directory import read_file, read_members
from support.host import DISK_FOLDER, PATIENCE
from support.members import line_of, python_in, spawn_in

from .conftest import EASY, MIB, MakeCgroup

pytestmark = pytest.mark.isolation

TRIES = 10

HOG = """
hoard = []
while True:
    hoard.append(bytearray(1 << 20))
"""

ECHO = """
print("ready", flush=True)
print(input(), flush=True)
"""

FORK_BOMB = """
import os, signal
while True:
    try:
        os.fork()
    except BlockingIOError:
        os.write(1, b"full\\n")
        signal.pause()
"""

SPIN = """
import time
end = time.monotonic() + 2.5
started, used = time.monotonic(), time.process_time()
while time.monotonic() < end:
    pass
print(100 * (time.process_time() - used) / (time.monotonic() - started), flush=True)
"""


def usage_of(cgroup: JobCgroup) -> CgroupUsage:
    """Read the counters as the shim does at the end."""
    return read_usage({path: read_file(path) for path in cgroup.counters})


def test_a_memory_hog_is_killed_and_its_neighbour_lives(make_cgroup: MakeCgroup) -> None:
    """The kernel kills the process over its limit, counts that in its own cgroup, and spares the next."""
    hogs, neighbours = make_cgroup(replace(EASY, memory_bytes=48 * MIB)), make_cgroup()

    with python_in(neighbours, ECHO) as neighbour, python_in(hogs, HOG) as hog:
        assert line_of(neighbour) == "ready"
        assert hog.wait(30 * PATIENCE) == -signal.SIGKILL
        assert neighbour.stdin
        neighbour.stdin.write("alive\n")
        neighbour.stdin.flush()
        assert line_of(neighbour) == "alive"

    usage = usage_of(hogs)
    assert usage.oom_kills  # v2 counts the victim once by itself and once with its group
    assert usage.peak_memory_bytes is not None
    assert 40 * MIB < usage.peak_memory_bytes <= 48 * MIB
    assert usage_of(neighbours).oom_kills == 0


def test_on_v2_the_whole_job_is_killed(make_cgroup: MakeCgroup, hierarchy: Hierarchy) -> None:
    """With `memory.oom.group`, which v1 lacks, no process of the job outlives the one that was too large."""
    if "memory" not in hierarchy.v2_controllers:
        pytest.skip("the memory controller of this host is in cgroup v1, which kills one process only")
    hogs = make_cgroup(replace(EASY, memory_bytes=48 * MIB))

    with python_in(hogs, ECHO) as bystander, python_in(hogs, HOG) as hog:
        assert hog.wait(30 * PATIENCE) == -signal.SIGKILL
        assert bystander.wait(30 * PATIENCE) == -signal.SIGKILL


def test_a_fork_bomb_stays_below_its_limit(make_cgroup: MakeCgroup) -> None:
    """However many want to fork, there are never more processes than `max_processes`."""
    bombs = make_cgroup(replace(EASY, max_processes=20))

    with python_in(bombs, FORK_BOMB) as bomb:
        for _ in range(20):  # each says so when it could not fork
            assert line_of(bomb) == "full"
        members = max((read_members(os.path.dirname(path)) for path in bombs.counters), key=len)
        bombs.kill()

    assert len(members) == 20


def test_a_cpu_limit_holds(make_cgroup: MakeCgroup) -> None:
    """A process that never stops computing gets 20 % of a core, give or take 3, and the counter agrees.

    Never more; less only while the host itself has no processor to spare, hence the tries.
    """
    for _ in range(TRIES):
        spinners = make_cgroup(replace(EASY, cpu_percent=20))
        with python_in(spinners, SPIN) as spinner:
            percent = float(line_of(spinner))
        assert percent <= 23
        cpu_seconds = usage_of(spinners).cpu_seconds
        assert cpu_seconds is not None
        assert cpu_seconds == pytest.approx(2.5 * percent / 100, abs=0.2 * PATIENCE)
        if percent >= 17:
            return
    pytest.fail(f"it never got its 20 %: the last time {percent:.0f} %")


@pytest.mark.parametrize("direction", ["read", "write"])
def test_an_io_limit_holds(make_cgroup: MakeCgroup, tmp_path: Path, direction: str) -> None:
    """Direct I/O on a real disk does not exceed its bytes per second, in either direction, and is counted."""
    file = Path(DISK_FOLDER) / f"{tmp_path.name}-{os.getpid()}.dd"
    file.write_bytes(b"\1" * 2 * MIB)
    flags = {
        "read": [f"if={file}", "of=/dev/null", "iflag=direct"],
        "write": ["if=/dev/zero", f"of={file}", "oflag=direct", "conv=notrunc"],
    }
    try:
        throttled = make_cgroup(replace(EASY, io_bps=2 * MIB, io_device=device_of(DISK_FOLDER)))
        started = time.monotonic()
        with spawn_in(throttled, "dd", "bs=128k", "count=16", "status=none", *flags[direction]) as dd:
            assert dd.wait(60 * PATIENCE) == 0
        took_seconds = time.monotonic() - started
    finally:
        file.unlink()

    usage = usage_of(throttled)
    moved = usage.read_bytes if direction == "read" else usage.written_bytes
    assert moved is not None
    assert moved >= 2 * MIB
    # A little may pass before the first period is over.
    assert moved / took_seconds <= 2 * MIB * 1.15


def test_what_was_not_limited_is_not_said_to_be_zero(make_cgroup: MakeCgroup, tmp_path: Path) -> None:
    """A job without an I/O limit has its real count or none, never 0 for bytes that it wrote."""
    writers = make_cgroup()
    file = Path(DISK_FOLDER) / f"{tmp_path.name}-{os.getpid()}.dd"

    try:
        with spawn_in(
            writers, "dd", "if=/dev/zero", f"of={file}", "bs=1M", "count=1", "oflag=direct", "status=none"
        ):
            pass
    finally:
        file.unlink()

    assert usage_of(writers).written_bytes in {None, MIB}
