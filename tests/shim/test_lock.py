"""The lock tells the truth about who lives, and a shim that dies takes its job along."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from support.shim import NewRun, Start

pytestmark = pytest.mark.isolation


def test_lock_while_running(start: Start) -> None:
    """While the job runs the lock is held, names the shim, and its file has the byte that says so."""
    job = start("sleep", "600")
    job.wait_running()

    assert not job.lock_is_free()
    assert job.lock_holder() == job.pid
    assert (job.folder / "lock").read_bytes() == b"\n"


def test_lock_after_the_end(run: Start) -> None:
    """When the shim has ended the lock is free."""
    job = run("true")

    assert job.lock_is_free()
    assert job.lock_holder() == 0


def test_killed_shim(start: Start, new_run: NewRun) -> None:
    """SIGKILL of the shim ends the job at once, daemons included; there is no record, the lock is free."""
    job = new_run()
    job.fifo("ready")
    script = "trap '' TERM; setsid sh -c 'echo $$ > ready; exec sleep 600' & while :; do sleep 600; done"
    start("sh", "-c", script, run=job)
    job.wait_line("ready")
    command = job.wait_running()

    job.signal(signal.SIGKILL)

    assert job.wait() == -signal.SIGKILL
    job.wait_lock_free()
    job.wait_exit_of(command)
    assert not (job.folder / "exit").exists()


def test_lock_is_held_by_init_too(start: Start) -> None:
    """A free lock means that init is gone, too: it outlives a shim whose end it has not been told of yet."""
    job = start("sleep", "600")
    command = job.wait_running()
    init = Path(f"/proc/{command}/stat").read_text().rpartition(")")[2].split()[1]

    files = {os.readlink(link) for link in Path(f"/proc/{init}/fd").iterdir()}

    assert str(job.folder / "lock") in files


# Each system call before which the shim can die, in its order; the numbers count the calls of that name.
SHIM_DEATHS = [
    "setsid", "signalfd4", "pipe2", "fchown", "socketpair", "clone3", "openat", "fallocate", "sendto",
    "ppoll:when=1", "ppoll:when=2", "recvmsg:when=1", "recvmsg:when=2",
]  # fmt: skip


@pytest.mark.parametrize("call", SHIM_DEATHS)
def test_shim_that_dies_at_any_instruction(start: Start, call: str) -> None:
    """Whenever the shim is killed, nothing of the job survives it, and there is no record."""
    name, _, when = call.partition(":")
    strace = ["/usr/bin/strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}"]
    job = start("sleep", "600", wrapper=[*strace, "-e", f"inject={name}:signal=KILL{when and ':' + when}"])

    assert job.wait() == -signal.SIGKILL
    job.wait_lock_free()
    assert not (job.folder / "exit").exists()


@pytest.mark.parametrize(
    "call", ["prctl:when=1", "unshare", "mount:when=2", "setresuid", "seccomp", "recvfrom"]
)
def test_shim_that_dies_while_init_sets_up(start: Start, call: str) -> None:
    """Whenever the shim dies during set-up, init ends too, and there is no command."""
    name, _, when = call.partition(":")
    strace = ["/usr/bin/strace", "-qq", "-f", "-o", "/dev/null", "-e", f"trace={name}"]
    delay = f"inject={name}:delay_enter=200000{when and ':' + when}"
    job = start("touch", "ran", wrapper=[*strace, "-e", delay])
    while (shim := job.lock_holder()) == 0:
        assert not job.lock_is_free()

    os.kill(shim, signal.SIGKILL)

    job.wait_lock_free()
    assert not (job.folder / "exit").exists()
    assert not (job.work / "ran").exists()
    job.wait()


def test_directory_that_was_used(start: Start, run: Start) -> None:
    """A second shim in the same directory runs nothing, and leaves the first one's files alone."""
    job = run("echo", "first")
    record = (job.folder / "exit").read_bytes()
    (job.folder / "exit.tmp").write_bytes(b"")
    os.close(job.pidfd)
    os.close(job.status_fd)

    assert start("sh", "-c", "echo second; touch ran", run=job).wait() == 1

    job.wait_lock_free()
    assert (job.folder / "exit").read_bytes() == record
    assert job.log == b"first\n"
    assert not (job.work / "ran").exists()
