"""Jobs as `rnx` prints them: the API's examples, to the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.cli import render
from joblet.job import Ending, Job, JobSpec, Reason, Usage
from joblet.limits import Limits
from support.jobs import jobs

SCRIPT = JobSpec("python3", ("script.py",), Limits(cpu_percent=50, memory_mb=512))
ACCEPTED = Job(id="1", spec=SCRIPT, started_at=datetime(2024, 1, 15, 10, 30, 0, 999, tzinfo=UTC))
RUNNING = ACCEPTED.after_start(0)
ENDED_AT = datetime(2024, 1, 15, 10, 45, tzinfo=UTC)


def test_started() -> None:
    """`rnx run` prints the API's example."""
    assert (
        render.started(ACCEPTED)
        == """\
Job started:
ID: 1
Command: python3 script.py
Status: INITIALIZING
StartTime: 2024-01-15T10:30:00Z
MaxCPU: 50
MaxMemory: 512
Network: host (shared with system)"""
    )


def test_status_of_a_running_job() -> None:
    """`rnx status` prints the API's example, the empty end with its space included."""
    expected = """\
Id: 1
Command: python3 script.py
Status: RUNNING
Started At: 2024-01-15T10:30:00Z
Ended At:_
MaxCPU: 50
MaxMemory: 512
MaxIOBPS: 0
ExitCode: 0"""

    assert render.status(RUNNING) == expected.replace("_", " ")


def test_status_says_more_after_the_lines_of_the_api() -> None:
    """What we know beyond the API comes after its lines, what is not known not at all."""
    usage = Usage(cpu_seconds=1.5, peak_memory_bytes=4096, written_bytes=0)
    ending = Ending(reason=Reason.OOM, signal=9, detail="killed", log_bytes=10, dropped_bytes=3, usage=usage)
    job = replace(RUNNING.after_end(ending, ENDED_AT), owner="alice", pid=77, stopped_by="bob")

    assert render.status(job).splitlines()[2:] == [
        "Status: FAILED",
        "Started At: 2024-01-15T10:30:00Z",
        "Ended At: 2024-01-15T10:45:00Z",
        "MaxCPU: 50",
        "MaxMemory: 512",
        "MaxIOBPS: 0",
        "ExitCode: -1",
        "Owner: alice",
        "Pid: 77",
        "Stopped By: bob",
        "Reason: oom",
        "Signal: 9",
        "Detail: killed",
        "Log: 10 bytes",
        "Dropped: 3 bytes",
        "CPU Time: 1.500 s",
        "Peak Memory: 4096 bytes",
        "Written: 0 bytes",
    ]


def test_stopped() -> None:
    """`rnx stop` prints the API's example."""
    job = RUNNING.after_end(Ending(reason=Reason.STOPPED, signal=15), ENDED_AT)

    assert (
        render.stopped(job)
        == """\
Job stopped successfully:
ID: 1
Status: STOPPED
ExitCode: -1
EndTime: 2024-01-15T10:45:00Z"""
    )


def test_listed() -> None:
    """`rnx list` prints the API's example."""
    assert (
        render.listed(replace(RUNNING, id="2"))
        == "2 RUNNING StartTime: 2024-01-15T10:30:00Z Command: python3 script.py"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello world", "hello world"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("ünïcødé 漢字", "ünïcødé 漢字"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff", "\\udcff"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text: str, shown: str) -> None:
    """Neither a newline, nor an escape sequence, nor a change of direction reaches the terminal."""
    assert render.printable(text) == shown


@given(st.text(st.characters()))
def test_printable_is_one_line_of_characters_that_print(text: str) -> None:
    """Whatever the text, what is shown prints, and text that prints is left alone."""
    shown = render.printable(text)

    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@given(jobs())
def test_each_job_has_its_line_and_each_line_its_key(job: Job) -> None:
    """No job, however strange its arguments, breaks a form."""
    assert len(render.listed(job).splitlines()) == 1
    assert all(": " in line for line in render.status(job).splitlines())
