"""Stop, kill and timeout: what ends a job from outside, and how fast."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from support.shim import NewRun, ShimRun, Start

pytestmark = pytest.mark.isolation

HOUR_MS = "3600000"
STUBBORN = """
    trap '' TERM HUP INT
    (trap '' TERM; exec setsid sleep 600) &
    echo ready > ready
    while :; do sleep 600; done
"""


def start_ready(start: Start, job: ShimRun, script: str, *options: str) -> ShimRun:
    """Start a script and wait until it has written to its fifo `ready`."""
    job.fifo("ready")
    start("sh", "-c", script, options=options, run=job)
    assert job.wait_line("ready") == "ready"
    return job


def test_graceful_stop(start: Start, new_run: NewRun) -> None:
    """SIGTERM reaches the command, which ends in its own way and with its own exit code, at once."""
    job = start_ready(
        start, new_run(), "trap 'echo bye; exit 3' TERM; echo ready > ready; while :; do :; done",
        "--grace-ms", HOUR_MS,
    )  # fmt: skip

    job.signal(signal.SIGTERM)

    assert job.wait() == 0
    assert job.record.facts["cause"] == "stopped"
    assert job.record.wait_status == 3 << 8
    assert job.log == b"bye\n"


def test_stop_of_a_plain_command(start: Start) -> None:
    """A command without a handler dies of SIGTERM, as it would anywhere: it is not PID 1."""
    job = start("sleep", "600", options=["--grace-ms", HOUR_MS])
    job.wait_running()

    job.signal(signal.SIGTERM)

    assert job.wait() == 0
    assert (job.record.facts["cause"], job.record.wait_status) == ("stopped", signal.SIGTERM)


def test_stop_reaches_the_whole_process_group(start: Start, new_run: NewRun) -> None:
    """SIGTERM goes to the command's group, so a shell's child hears it too."""
    script = """
        (trap 'echo child; exit' TERM; echo ready > ready; while :; do :; done) &
        trap 'wait; exit 0' TERM
        wait
    """
    job = start_ready(start, new_run(), script, "--grace-ms", HOUR_MS)

    job.signal(signal.SIGTERM)

    assert job.wait() == 0
    assert job.log == b"child\n"


def test_stop_of_a_stubborn_job(start: Start, new_run: NewRun) -> None:
    """A job that ignores SIGTERM is killed after the grace period, with all it forked."""
    job = start_ready(start, new_run(), STUBBORN, "--grace-ms", "50")
    began = time.monotonic()

    job.signal(signal.SIGTERM)

    assert job.wait() == 0
    assert time.monotonic() - began >= 0.05
    assert job.record.facts["cause"] == "stopped"
    assert job.record.wait_status is None
    assert job.lock_is_free()


def test_second_stop_changes_nothing(start: Start, new_run: NewRun) -> None:
    """A second SIGTERM does not reach the command, and does not cut the grace period short."""
    script = "trap 'echo term; echo ready > ready' TERM; echo ready > ready; while :; do :; done"
    job = start_ready(start, new_run(), script, "--grace-ms", "200")
    began = time.monotonic()

    job.signal(signal.SIGTERM)
    assert job.wait_line("ready") == "ready"
    job.signal(signal.SIGTERM)

    assert job.wait() == 0
    assert time.monotonic() - began >= 0.2
    assert job.log == b"term\n"


def test_kill(start: Start, new_run: NewRun) -> None:
    """SIGUSR1 kills everything at once, also in the grace period of a stop."""
    for is_stopping in (False, True):
        job = start_ready(start, new_run(), STUBBORN, "--grace-ms", HOUR_MS)

        if is_stopping:
            job.signal(signal.SIGTERM)
        job.signal(signal.SIGUSR1)

        assert job.wait() == 0
        assert job.record.facts["cause"] == "stopped"
        assert job.record.wait_status is None


def test_timeout(start: Start) -> None:
    """A job that runs too long is stopped, and the record says that it was the timeout."""
    began = time.monotonic()
    job = start("sleep", "600", options=["--timeout-ms", "100", "--grace-ms", HOUR_MS])

    assert job.wait() == 0
    assert time.monotonic() - began >= 0.1
    assert (job.record.facts["cause"], job.record.wait_status) == ("timeout", signal.SIGTERM)


def test_timeout_of_a_stubborn_job(start: Start) -> None:
    """The grace period of a timeout ends in SIGKILL like that of a stop."""
    job = start("sh", "-c", "trap '' TERM; sleep 600", options=["--timeout-ms", "100", "--grace-ms", "10"])

    assert job.wait() == 0
    assert (job.record.facts["cause"], job.record.wait_status) == ("timeout", None)


def test_timeout_while_flooding(start: Start) -> None:
    """A job that writes without a pause cannot keep the shim from its clock."""
    job = start("cat", "/dev/zero", options=["--timeout-ms", "100", "--log-max-bytes", "1000"])

    assert job.wait() == 0
    assert job.record.facts["cause"] == "timeout"


def test_job_that_is_faster_than_its_timeout(run: Start) -> None:
    """A timeout that is not reached has no effect."""
    job = run("true", options=["--timeout-ms", HOUR_MS])

    assert (job.record.facts["cause"], job.record.wait_status) == ("exited", 0)


def test_stop_before_the_first_instruction(start: Start) -> None:
    """A stop at once after the spawn waits for the shim: the job was stopped, whether it ran or not."""
    job = start("sleep", "600", options=["--grace-ms", HOUR_MS])
    job.signal(signal.SIGTERM)

    assert job.wait() == 0
    assert job.record.facts["cause"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_stop_during_set_up(start: Start, number: signal.Signals) -> None:
    """A stop while the root is being made ends the job before its command exists."""
    strace = ["/usr/bin/strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=pivot_root"]
    job = start(
        "touch", "ran", wrapper=[*strace, "-e", "inject=pivot_root:delay_enter=1000000"],
        options=["--grace-ms", HOUR_MS],
    )  # fmt: skip
    shim = wait_holder(job)

    os.kill(shim, number)

    assert job.wait() == 0
    assert job.record.facts["cause"] == "stopped"
    assert not {"started", "wait-status"} & set(job.record.facts)
    assert not (job.work / "ran").exists()


def wait_holder(job: ShimRun) -> int:
    """Wait until the shim has its lock: strace is between it and us, so the pid is not the one we spawned."""
    while (holder := job.lock_holder()) == 0:
        assert Path(f"/proc/{job.pid}").exists()
    return holder


def test_stop_after_the_end(start: Start, new_run: NewRun) -> None:
    """A stop that arrives when the command has ended already changes nothing."""
    strace = ["/usr/bin/strace", "-qq", "-o", "/dev/null", "-e", "trace=waitid"]
    job = new_run()
    job.fifo("go")
    start(
        "sh",
        "-c",
        "read line < go; exit 4",
        run=job,
        wrapper=[*strace, "-e", "inject=waitid:delay_enter=300000"],
    )
    command = job.wait_running()
    init = int(Path(f"/proc/{command}/stat").read_text().rpartition(")")[2].split()[1])
    shim = job.lock_holder()
    (job.work / "go").write_text("on\n")
    job.wait_exit_of(init)

    os.kill(shim, signal.SIGTERM)

    assert job.wait() == 0
    assert (job.record.facts["cause"], job.record.wait_status) == ("exited", 4 << 8)


@pytest.mark.parametrize(
    "number", [signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT, signal.SIGALRM]
)
def test_other_signals_are_ignored(start: Start, new_run: NewRun, number: signal.Signals) -> None:
    """Signals that are not in the contract do nothing to the shim or the job."""
    job = new_run()
    job.fifo("go")
    start("sh", "-c", "read line < go; echo $line", run=job)
    job.wait_running()

    job.signal(number)
    (job.work / "go").write_text("on\n")

    assert job.wait() == 0
    assert job.log == b"on\n"


def test_job_cannot_stop_itself_through_init(run: Start) -> None:
    """Signals to PID 1 from inside the job are not the shim's: nothing happens to it, nor to the job."""
    script = "for n in TERM INT HUP KILL STOP USR1 CHLD SEGV; do kill -$n 1; done; echo still here"
    job = run("sh", "-c", script)

    assert job.log == b"still here\n"
    assert job.record.facts["cause"] == "exited"
