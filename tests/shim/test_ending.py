"""How a job ends, and what the exit record and the log say about it."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from support.shim import Start

pytestmark = pytest.mark.isolation


@pytest.mark.parametrize("code", [0, 1, 42, 127, 128, 255])
def test_exit_code(run: Start, code: int) -> None:
    """The record has the command's own exit code, also where a shell would mean something by it."""
    job = run("sh", "-c", f"exit {code}")

    assert job.record.facts["cause"] == "exited"
    assert job.record.wait_status == code << 8


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1, signal.SIGRTMAX])
def test_signal(run: Start, number: signal.Signals) -> None:
    """A command that a signal ends is recorded with exactly that signal, not with 128 and more."""
    job = run("sh", "-c", f"kill -{number.value} $$")

    assert job.record.facts["cause"] == "exited"
    assert job.record.wait_status is not None
    assert os.WIFSIGNALED(job.record.wait_status)
    assert os.WTERMSIG(job.record.wait_status) == number


def test_record_of_a_job(run: Start) -> None:
    """The record says when the job started and ended, and how large the log is, and nothing else."""
    before = time.time_ns()
    job = run("echo", "hello")
    after = time.time_ns()

    facts = job.record.facts
    assert set(facts) == {"cause", "wait-status", "started", "ended", "log-bytes", "dropped-bytes"}
    assert before <= int(facts["started"]) <= int(facts["ended"]) <= after
    assert (facts["log-bytes"], facts["dropped-bytes"]) == ("6", "0")
    assert job.log == b"hello\n"


def test_files(run: Start) -> None:
    """Only root can read the log and the record, and the temporary record is gone."""
    job = run("true")

    assert sorted(os.listdir(job.folder)) == ["exit", "lock", "output.log", "work"]
    assert {(job.folder / name).stat().st_mode & 0o777 for name in ("exit", "output.log")} == {0o600}


def test_running_names_the_command(start: Start) -> None:
    """The pid that the shim reports is the command's, in the host's numbering."""
    job = start("sleep", "60")

    pid = job.wait_running()

    assert Path(f"/proc/{pid}/comm").read_text() == "sleep\n"


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("no-such-command", errno.ENOENT),
        ("/no/such/command", errno.ENOENT),
        ("/etc/passwd", errno.EACCES),
        ("/etc", errno.EACCES),
        ("/usr/bin/true/false", errno.ENOTDIR),
        ("", errno.ENOENT),
        ("x" * 300, errno.ENAMETOOLONG),
    ],
)
def test_command_that_cannot_be_executed(run: Start, command: str, number: int) -> None:
    """The errno of execve is in the record and in words in the log; nothing ran, and so nothing started."""
    job = run(command)

    facts = job.record.facts
    assert facts["cause"] == "start-failed"
    assert facts["error"] == f"exec {number}"
    assert not {"wait-status", "started"} & set(facts)
    assert job.log.decode() == f"joblet: cannot run {command}: {os.strerror(number)}\n"
    assert job.record.log_bytes == len(job.log)
    assert job.wait_facts() == ""


def test_long_command_that_cannot_be_executed(run: Start) -> None:
    """A name longer than the notice's line is cut, and the notice is still one line."""
    job = run("/" + "x" * 5000)

    assert job.record.facts["error"] == f"exec {errno.ENAMETOOLONG}"
    assert job.log.startswith(b"joblet: cannot run /xxx")
    assert job.log.count(b"\n") == 1
    assert job.log.endswith(b"\n")


def test_script_without_interpreter_line(run: Start) -> None:
    """The lookup is that of execvp(3): a text without `#!` is run by the shell."""
    job = run("sh", "-c", "echo 'echo it runs: $0' > script && chmod +x script && exec env ./script")

    assert job.log == b"it runs: ./script\n"


def test_command_is_looked_up_in_the_jobs_own_path(run: Start) -> None:
    """PATH of the job's environment counts, inside the job's root."""
    job = run("true", environment={"PATH": "/work"})

    assert job.record.facts["error"] == f"exec {errno.ENOENT}"


def test_counters(run: Start, tmp_path: Path) -> None:
    """The text of each counter is in the record, cut at 4096 bytes; one that cannot be read is left out."""
    small, odd, large = tmp_path / "small", tmp_path / "a name with 3", tmp_path / "large"
    small.write_bytes(b"low 0\noom_kill 1\n")
    odd.write_bytes(b"end\nno newline at the end")
    large.write_bytes(b"x" * 10000)
    missing = tmp_path / "missing"
    paths = [str(path) for path in (small, missing, odd, large, tmp_path)]

    job = run("true", options=[word for path in paths for word in ("--counter", path)])

    assert job.record.counters == {
        str(small): small.read_bytes(),
        str(odd): odd.read_bytes(),
        str(large): b"x" * 4096,
    }


def test_counters_that_do_not_fit(run: Start, tmp_path: Path) -> None:
    """The record keeps to its 16 KiB: a counter that no longer fits is left out, a smaller one is not."""
    names = [f"large-{number}" for number in range(8)]
    for name in names:
        (tmp_path / name).write_bytes(b"x" * 4096)
    (tmp_path / "small").write_bytes(b"7\n")
    paths = [str(tmp_path / name) for name in (*names, "small")]

    job = run("true", options=[word for path in paths for word in ("--counter", path)])

    assert (job.folder / "exit").stat().st_size <= 16384
    assert list(job.record.counters) == [*paths[:3], paths[-1]]


def test_counter_is_read_after_the_last_process(run: Start, tmp_path: Path) -> None:
    """What is counted while the job dies is in: counters are opened when nothing of it runs any more."""
    job = run(
        "sh",
        "-c",
        "trap 'echo 7 > count' EXIT; exit 0",
        options=["--counter", f"{tmp_path}/job-1/work/count"],
    )

    assert list(job.record.counters.values()) == [b"7\n"]


def test_zombies_are_reaped(run: Start) -> None:
    """Orphans that end are reaped by init while the command still runs."""
    script = """
        for i in 1 2 3 4 5; do (sh -c 'exit 3' &) ; done
        until ! grep -qs '^State:.Z' /proc/[0-9]*/status; do :; done
        echo reaped
    """
    assert run("sh", "-c", script).log == b"reaped\n"


def test_everything_ends_with_the_command(run: Start) -> None:
    """A daemon that left the session, ignores signals and holds stdout open ends with the command."""
    script = """
        mkfifo ready
        setsid sh -c 'trap "" TERM HUP; (trap "" TERM; echo ready > ready; exec sleep 600) & wait' &
        read line < ready
        echo $line
    """
    job = run("sh", "-c", script)

    assert job.log == b"ready\n"
    assert job.record.wait_status == 0
    assert job.lock_is_free()


def test_init_that_is_killed_from_outside(start: Start) -> None:
    """If the host kills init, nobody saw the command's status: the record has none, and says so by that."""
    job = start("sleep", "60")
    command = job.wait_running()
    init = int(Path(f"/proc/{command}/stat").read_text().rpartition(")")[2].split()[1])

    os.kill(init, signal.SIGKILL)

    assert job.wait() == 0
    assert job.record.facts["cause"] == "exited"
    assert job.record.wait_status is None
