"""`rnx --output` and `rnx explain`: in a pipe, and in terminals of any width."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import struct
import termios
from fcntl import ioctl

import pytest

from joblet.job import Ending, JobSpec, Reason, Usage
from joblet.limits import Limits
from support.fakeservice import FakeService
from support.programs import Program

OOM = Ending(
    reason=Reason.OOM, signal=9, log_bytes=11, usage=Usage(cpu_seconds=1.5, peak_memory_bytes=512 << 20)
)
BUILD = JobSpec("make", ("all",), Limits(cpu_percent=50, memory_mb=512), name="nightly")


async def in_terminal(rnx: Program, *arguments: str, columns: int = 80) -> str:
    """Return what a terminal of this width shows."""
    terminal, program = pty.openpty()
    try:
        ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = await rnx.start(*arguments, stdout=program)
        os.close(program)
        await process.communicate()
        return await asyncio.to_thread(read_all, terminal)
    finally:
        os.close(terminal)


def read_all(terminal: int) -> str:
    shown = b""
    try:
        while block := os.read(terminal, 4096):
            shown += block
    except OSError:  # EIO: the other end is closed
        pass
    return shown.decode()


@pytest.mark.parametrize("words", [["status", "1"], ["stop", "1"], ["run", "make"]])
async def test_json_of_a_job(rnx: Program, service: FakeService, words: list[str]) -> None:
    """A command about one job prints it as an object."""
    service.add(BUILD)

    outcome = await rnx.run(words[0], "--output=json", *words[1:])

    assert outcome.code == 0
    assert json.loads(outcome.out)["command"] == "make"


async def test_json_of_lists(rnx: Program, service: FakeService) -> None:
    """A command about many prints an object with a list, which may be empty."""
    assert json.loads((await rnx.run("list", "-o", "json")).out) == {"jobs": []}
    service.add(BUILD, OOM)

    assert json.loads((await rnx.run("list", "-o", "json")).out)["jobs"][0]["ending"]["reason"] == "oom"
    assert json.loads((await rnx.run("wait", "-o", "json", "1")).out)["jobs"][0]["id"] == "1"
    assert json.loads((await rnx.run("rm", "-o", "json", "1")).out) == {"removed": ["1"]}
    (node,) = json.loads((await rnx.run("nodes", "-o", "json")).out)["nodes"]
    assert (node["name"], node["isCalled"]) == ("default", True)


async def test_a_table_in_a_pipe(rnx: Program, service: FakeService) -> None:
    """It is plain, whole, and has the times themselves."""
    service.add(BUILD, OOM)

    outcome = await rnx.run("list", "-o", "table")

    assert outcome.out.decode().splitlines() == [
        "ID  STATUS  EXIT  STARTED               TOOK  NAME     COMMAND",
        " 1  FAILED    -1  2024-01-15T10:30:00Z   15m  nightly  make all",
    ]


async def test_a_wide_table(rnx: Program, service: FakeService) -> None:
    """It has owner, reason, limits and what was used."""
    service.add(BUILD, OOM)

    heading, line = (await rnx.run("status", "-o", "wide", "1")).out.decode().splitlines()

    assert heading.split()[6:] == ["OWNER", "REASON", "MAXCPU", "MAXMEMORY", "CPU", "PEAK", "COMMAND"]
    assert line.split()[6:12] == ["tester", "oom", "50", "512", "1.50s", "512.0MiB"]


async def test_a_terminal_has_colours(rnx: Program, service: FakeService) -> None:
    """The status is coloured and the time is relative, unless NO_COLOR is set."""
    service.add(BUILD, OOM)
    plain = Program("rnx", rnx.folder, variables={"NO_COLOR": "1"})

    assert "\x1b[31mFAILED\x1b[0m" in await in_terminal(rnx, "list", "-o", "table")
    shown = await in_terminal(plain, "list", "-o", "table")

    assert "\x1b" not in shown
    assert "d ago" in shown


@pytest.mark.parametrize("columns", [24, 40, 80, 200])
async def test_a_terminal_of_any_width(rnx: Program, service: FakeService, columns: int) -> None:
    """No line is wrapped, and id, status and command are always there."""
    service.add(JobSpec("make", ("a long argument",) * 20), OOM)

    shown = await in_terminal(rnx, "list", "-o", "wide", columns=columns)

    lines = shown.replace("\x1b[31m", "").replace("\x1b[0m", "").splitlines()
    assert all(len(line) <= columns for line in lines)
    assert all(word in shown for word in ("ID", "STATUS", "FAILED", "make"))


async def test_explain(rnx: Program, service: FakeService) -> None:
    """A killed job is explained: why, what it used of what it had, its last lines, and what to try."""
    service.add(BUILD, OOM)
    service.logs["1"] = [b"one\n\x1b[2Jtwo"]

    assert (await rnx.run("explain", "1")).out.decode().splitlines() == [
        "Job 1: make all",
        "FAILED: The kernel killed it: it needed more memory than its 512 MB.",
        "Memory: at most 512.0 MB of 512 MB.",
        "CPU: 1.50 s, at up to 50% of a core.",
        "Last lines:",
        "  | one",
        "  | \\x1b[2Jtwo",
        "Hint: try --max-memory 768.",
    ]
    explained = json.loads((await rnx.run("explain", "-o", "json", "1")).out)
    assert (explained["hint"], explained["job"]["id"]) == ("try --max-memory 768", "1")
    assert (await rnx.run("explain", "-o", "table", "1")).out.decode().splitlines() == [
        "ID  STATUS  WHY",
        "1   FAILED  The kernel killed it: it needed more memory than its 512 MB.",
    ]


async def test_explain_a_job_that_runs(rnx: Program, service: FakeService) -> None:
    """What has not ended is said to be running, with its last lines so far."""
    service.add(BUILD)
    service.logs["1"] = [b"%d\n" % number for number in range(20)]

    lines = (await rnx.run("explain", "1")).out.decode().splitlines()

    assert lines[1] == "RUNNING: It has not ended: it is RUNNING."
    assert lines[3:-1] == [f"  | {number}" for number in range(10, 20)]


async def test_no_other_form_beside_the_job_s_output(rnx: Program, service: FakeService) -> None:
    """With --wait stdout is the job's, so that another form is wrong usage."""
    assert (await rnx.run("run", "--wait", "-o", "json", "true")).code == 2
    assert service.requests == []
