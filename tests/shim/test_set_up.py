"""A step of set-up that fails fails the start, with its phase and errno: no command runs with less isolation.

strace injects the failures: each system call of the set-up fails once, in an
otherwise real run. A name that begins with `/` is a regular expression of
strace, for calls that a libc makes by one of several names.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from support.shim import NewRun, Start

pytestmark = pytest.mark.isolation

STRACE = "/usr/bin/strace"
CALLS = [
    ("setup", "fchdir"),
    ("setup", "signalfd4:when=1"),
    ("setup", "pipe2"),
    ("setup", "fcntl:when=1"),
    ("setup", "fchown"),
    ("setup", "socketpair"),
    ("setup", "setsockopt"),
    ("clone", "clone3"),
    ("cgroup", "unshare"),
    ("hostname", "sethostname"),
    *(("mount", f"mount:when={number}") for number in range(1, 7)),
    *(("mount", f"open_tree:when={number}") for number in range(1, 8)),
    *(("mount", f"mount_setattr:when={number}") for number in range(1, 9)),
    *(("mount", f"move_mount:when={number}") for number in range(1, 8)),
    ("mount", "pivot_root"),
    ("mount", "umount2"),
    ("mount", "chdir:when=1"),
    ("mount", "chdir:when=2"),
    ("mount", "/^mkdir:when=1"),
    ("mount", "/^mkdir:when=2"),
    ("mount", "/^mknod:when=1"),
    ("mount", "/^symlink:when=1"),
    ("mount", "/^(unlink|rmdir):when=1"),
    ("user", "keyctl"),
    ("user", "prctl:when=2"),
    ("user", "setgroups"),
    ("user", "setresgid"),
    ("user", "setresuid"),
    ("user", "capset"),
    ("user", "chdir:when=3"),
    ("seccomp", "seccomp"),
    ("exec", "vfork"),
    ("exec", "setsid:when=1"),
    ("exec", "/^dup[23]:when=1"),
    ("exec", "close_range:when=1"),
]


@pytest.mark.parametrize(("phase", "call"), CALLS, ids=[call for _, call in CALLS])
def test_step_that_fails(start: Start, tmp_path: Path, phase: str, call: str) -> None:
    """The record names the phase and the errno, and the command did not run."""
    name, _, when = call.partition(":")
    trace = tmp_path / "trace"
    strace = [STRACE, "-qq", "-f", "-o", str(trace), "-e", f"trace={name}"]
    inject = f"inject={name}:error=EXDEV{when and ':' + when}"
    job = start(
        "touch",
        "ran",
        options=["--hostname", "job-1", "--hide", "/etc/passwd"],
        wrapper=[*strace, "-e", inject],
    )

    assert job.wait() == 0
    assert "INJECTED" in trace.read_text()
    assert job.record.facts["cause"] == "start-failed"
    assert job.record.facts["error"] == f"{phase} {errno.EXDEV}"
    assert not {"wait-status", "started"} & set(job.record.facts)
    assert not (job.work / "ran").exists()
    assert job.wait_facts() == ""


@pytest.mark.parametrize("call", ["fcntl:when=2", "write:when=1", "fallocate"])
def test_directory_that_cannot_be_claimed(start: Start, call: str) -> None:
    """Where there can be no record there is no job: exit 1, and the command did not run."""
    name, _, when = call.partition(":")
    strace = [STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={name}"]
    job = start("touch", "ran", wrapper=[*strace, "-e", f"inject={name}:error=EXDEV{when and ':' + when}"])

    assert job.wait() == 1
    job.wait_lock_free()
    assert not (job.folder / "exit").exists()
    assert not (job.work / "ran").exists()


def test_log_that_cannot_be_opened(start: Start, new_run: NewRun) -> None:
    """Without a log there is no job either."""
    job = new_run()
    (job.folder / "output.log").mkdir()

    assert start("touch", "ran", run=job).wait() == 1
    job.wait_lock_free()
    assert not (job.work / "ran").exists()


@pytest.mark.parametrize("when", ["before the user changes", "after"])
def test_parent_death_signal_that_cannot_be_set(start: Start, tmp_path: Path, when: str) -> None:
    """Without the parent-death signal nothing runs; the kernel clears it on setuid, so it is set twice."""
    capabilities = int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1
    # In between: one for each capability and one that finds there are no more, no_new_privs, dumpable.
    number = 1 if when != "after" else capabilities + 5
    trace = tmp_path / "trace"
    strace = [STRACE, "-qq", "-f", "-o", str(trace), "-e", "trace=prctl"]
    job = start("touch", "ran", wrapper=[*strace, "-e", f"inject=prctl:error=EXDEV:when={number}"])

    assert job.wait() == 0
    injected = [line for line in trace.read_text().splitlines() if "INJECTED" in line]
    assert "PR_SET_PDEATHSIG" in injected[0]
    assert job.record.facts["error"] == f"init {errno.EXDEV}"
    assert not (job.work / "ran").exists()


def test_devices_that_cannot_be_made(start: Start, tmp_path: Path) -> None:
    """Where mknod is forbidden for devices, the host's own are bound, and work."""
    trace = tmp_path / "trace"
    strace = [STRACE, "-qq", "-f", "-o", str(trace), "-e", "trace=mknodat"]
    job = start(
        "sh", "-c", "echo x > /dev/null && head -c 2 /dev/zero | wc -c && test -c /dev/tty",
        wrapper=[*strace, "-e", "inject=mknodat:error=EPERM:when=1"],
    )  # fmt: skip

    assert job.wait() == 0
    assert "INJECTED" in trace.read_text()
    assert job.log == b"2\n"
    assert job.record.wait_status == 0


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "renameat"])
def test_record_that_cannot_be_written(start: Start, call: str) -> None:
    """A record that could not be written, or made durable, is an exit code of 1, never a silent 0."""
    strace = [STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    job = start("echo", "it ran", wrapper=[*strace, "-e", f"inject={call}:error=EIO"])

    assert job.wait() == 1
    assert job.log == b"it ran\n"


def test_init_that_dies_during_set_up(start: Start) -> None:
    """An init that is killed before it could say anything is a failed start, with a phase of its own."""
    strace = [STRACE, "-qq", "-f", "-o", "/dev/null", "-e", "trace=pivot_root"]
    job = start("touch", "ran", wrapper=[*strace, "-e", "inject=pivot_root:signal=KILL"])

    assert job.wait() == 0
    assert job.record.facts["error"] == f"init {errno.EOWNERDEAD}"
    assert not (job.work / "ran").exists()


def test_cgroup_that_does_not_take_the_job(start: Start) -> None:
    """A join that fails fails the start: no job runs without its limits."""
    read_only = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    try:
        job = start("touch", "ran", options=["--join-fd", str(read_only)], inherit=[read_only])
    finally:
        os.close(read_only)

    assert job.wait() == 0
    assert job.record.facts["error"] == f"cgroup {errno.EBADF}"
    assert not (job.work / "ran").exists()


def test_cgroup_fd_that_is_none(start: Start, tmp_path: Path) -> None:
    """A --cgroup-fd that is not a cgroup fails the start in clone."""
    folder = os.open(tmp_path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        job = start("touch", "ran", options=["--cgroup-fd", str(folder)], inherit=[folder])
    finally:
        os.close(folder)

    assert job.wait() == 0
    assert job.record.facts["error"] == f"clone {errno.EBADF}"


def test_work_that_the_user_may_not_enter(start: Start, new_run: NewRun) -> None:
    """A /work that the job's user may not enter fails the start: it is entered in the user's own name."""
    job = new_run()
    job.work.chmod(0)
    start("true", run=job)

    assert job.wait() == 0
    assert job.record.facts["error"] == f"user {errno.EACCES}"
