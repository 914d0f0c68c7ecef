"""What a job is fed reaches it whole, once, in order, and nothing that feeds it can hold it up."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.feeder import CONTENT, END, HEAD, MOST_BYTES, Feeder, Progress
from support.shim import ShimRun

pytestmark = pytest.mark.isolation

StartFed = Callable[..., ShimRun]

PIPE_BYTES = 65536
"""What a pipe holds: pipe(7)."""

CPU_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return what a process has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CPU_TICKS_PER_SECOND


def test_content_and_its_end(start_fed: StartFed) -> None:
    """The command reads what was sent, to the end of file, which is told."""
    job = start_fed("cat")
    with Feeder(job.folder) as feeder:
        feeder.feed(b"one\ntwo\0\xff")

    assert job.wait() == 0
    assert job.log == b"one\ntwo\0\xff"
    assert job.record.wait_status == 0


def test_no_content_but_the_end(start_fed: StartFed) -> None:
    """An end at the first byte is an empty input."""
    job = start_fed("cat")
    with Feeder(job.folder) as feeder:
        feeder.feed(b"")

    assert job.wait() == 0
    assert job.log == b""


def test_fifty_megabytes(start_fed: StartFed) -> None:
    """What is larger than every buffer arrives byte for byte."""
    content = random.Random(1).randbytes(50_000_000)
    job = start_fed("sha256sum")
    with Feeder(job.folder) as feeder:
        feeder.feed(content)

    assert job.wait() == 0
    assert job.log.decode() == f"{hashlib.sha256(content).hexdigest()}  -\n"


def test_what_is_sent_again_is_taken_once(start_fed: StartFed) -> None:
    """Content and end count at the next offset only; anything else changes nothing, and is answered."""
    job = start_fed("cat")
    with Feeder(job.folder) as feeder:
        assert feeder.progress() == Progress(0, is_closed=False)
        for offset, content, taken in [
            (0, b"abc", 3),
            (0, b"abc", 3),
            (2, b"cde", 3),
            (4, b"x", 3),
            (3, b"d", 4),
        ]:
            feeder.content(offset, content)
            assert feeder.progress().taken == taken
        for offset in (0, 3, 5, 2**64 - 1):
            feeder.end(offset)
            assert feeder.progress() == Progress(4, is_closed=False)
        feeder.end(4)
        assert feeder.wait_closed() == 4

    assert job.wait() == 0
    assert job.log == b"abcd"


@pytest.mark.parametrize(
    "packet",
    [
        b"x",
        HEAD.pack(9, 0, 0, 0),
        HEAD.pack(CONTENT, 0, 0, 0),
        HEAD.pack(CONTENT, 0, 0, 0) + bytes(MOST_BYTES + 1),
    ],
    ids=["no head", "an unknown kind", "no content", "too much content"],
)
def test_what_is_no_packet(start_fed: StartFed, packet: bytes) -> None:
    """What makes no sense is ignored, and answered."""
    job = start_fed("cat")
    with Feeder(job.folder) as feeder:
        feeder.progress()
        feeder.raw(packet)
        assert feeder.progress() == Progress(0, is_closed=False)
        feeder.end(0)
        feeder.wait_closed()

    assert job.wait() == 0
    assert job.log == b""


def test_a_job_that_does_not_read(start_fed: StartFed) -> None:
    """No more is taken than a pipe and a packet have room for; when the job reads, all comes, in order."""
    job = start_fed("sh", "-c", "read go < go; exec sha256sum")
    job.fifo("go")
    content = random.Random(2).randbytes(10 * MOST_BYTES)
    with Feeder(job.folder) as feeder:
        feeder.progress()
        blocks = [content[offset : offset + MOST_BYTES] for offset in range(0, len(content), MOST_BYTES)]
        for number in range(3):
            feeder.content(number * MOST_BYTES, blocks[number])
        feeder.wait_taken(2 * MOST_BYTES)
        assert job_cpu_is_idle(job)

        (job.work / "go").write_text("go\n")
        feeder.wait_taken(3 * MOST_BYTES)
        for number in range(3, 10):
            feeder.content(number * MOST_BYTES, blocks[number])
        feeder.wait_taken(len(content))
        feeder.end(len(content))

    assert job.wait() == 0
    assert job.log.decode() == f"{hashlib.sha256(content).hexdigest()}  -\n"


def job_cpu_is_idle(job: ShimRun) -> bool:
    """Return whether a shim that has nothing to do does nothing; it takes a moment to see."""
    before = cpu_seconds(job.pid)
    time.sleep(0.3)
    return cpu_seconds(job.pid) - before < 0.1


def test_a_command_that_closes_its_input(start_fed: StartFed) -> None:
    """It is told unasked that no more is taken; the job and its shim live on, and are not busy."""
    job = start_fed("sh", "-c", "exec < /dev/null; read go < go; echo after")
    job.fifo("go")
    with Feeder(job.folder) as feeder:
        assert feeder.wait_closed() == 0
        feeder.content(0, b"too late")
        assert feeder.progress() == Progress(0, is_closed=True)
        assert job_cpu_is_idle(job)
    (job.work / "go").write_text("go\n")

    assert job.wait() == 0
    assert job.log == b"after\n"


def test_a_reader_that_leaves_early(start_fed: StartFed) -> None:
    """`yes | head -n 1`: what is not read by the job's end is nobody's, and the record is exact."""
    job = start_fed("head", "-n", "1")
    with Feeder(job.folder) as feeder:
        feeder.progress()
        feeder.content(0, b"y\n" * (MOST_BYTES // 2))
        feeder.fill(HEAD.pack(CONTENT, 0, 0, MOST_BYTES) + bytes(MOST_BYTES))
        assert job.wait() == 0

    assert job.log == b"y\n"
    assert job.record.wait_status == 0


def test_input_from_before_the_command_runs(start_fed: StartFed) -> None:
    """Who connects at once, and leaves at once, is heard."""
    job = start_fed("cat")
    with Feeder(job.folder) as feeder:
        feeder.content(0, b"early\n")
        feeder.end(6)

    assert job.wait() == 0
    assert job.log == b"early\n"


def test_a_connection_that_ends_is_no_end_of_file(start_fed: StartFed) -> None:
    """The next one is told where to go on, and does."""
    job = start_fed("cat")
    content = b"0123456789"
    for offset in range(len(content)):
        with Feeder(job.folder) as feeder:
            assert feeder.progress() == Progress(offset, is_closed=False)
            feeder.content(offset, content[offset : offset + 1])
    with Feeder(job.folder) as feeder:
        feeder.wait_taken(len(content))
        feeder.end(len(content))

    assert job.wait() == 0
    assert job.log == content


def test_a_new_connection_replaces_the_old(start_fed: StartFed) -> None:
    """Even while the old one waits for a job that does not read, and has not read what it was told."""
    job = start_fed("sleep", "600")
    with Feeder(job.folder) as old:
        old.progress()
        old.content(0, bytes(MOST_BYTES))
        old.content(MOST_BYTES, bytes(MOST_BYTES))
        old.wait_taken(2 * MOST_BYTES)
        old.fill(HEAD.pack(END, 0, 0, 0))

        with Feeder(job.folder) as new:
            assert new.progress() == Progress(2 * MOST_BYTES, is_closed=False)
            old.wait_replaced()
            assert job_cpu_is_idle(job)
    job.signal(signal.SIGUSR1)

    assert job.wait() == 0


def test_a_flood(start_fed: StartFed) -> None:
    """A connection that sends without ever reading the answers neither blocks the shim nor keeps it busy."""
    job = start_fed("sh", "-c", "echo up; exec sleep 600")
    with Feeder(job.folder) as feeder:
        job.wait_running()
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            feeder.fill(HEAD.pack(END, 0, 0, 7))
        assert job_cpu_is_idle(job)
        job.signal(signal.SIGTERM)

        assert job.wait() == 0
    assert job.record.facts["cause"] == "stopped"


def test_a_stop_with_input_pending(start_fed: StartFed) -> None:
    """A job that never read what it was fed is stopped as any other."""
    job = start_fed("sleep", "600")
    with Feeder(job.folder) as feeder:
        job.wait_running()
        feeder.progress()
        for number in range(3):
            feeder.content(number * MOST_BYTES, bytes(MOST_BYTES))
        feeder.wait_taken(2 * MOST_BYTES)
        job.signal(signal.SIGTERM)

        assert job.wait() == 0
    assert job.record.wait_status == signal.SIGTERM


def test_opening_stdin_anew(start_fed: StartFed) -> None:
    """A program that opens /dev/stdin by its name may."""
    job = start_fed("sh", "-c", "cat /dev/stdin")
    with Feeder(job.folder) as feeder:
        feeder.feed(b"by name\n")

    assert job.wait() == 0
    assert job.log == b"by name\n"


def test_a_command_that_is_not_there(start_fed: StartFed) -> None:
    """A job that never starts ends, whoever is connected."""
    job = start_fed("no-such-command")
    with Feeder(job.folder) as feeder:
        feeder.content(0, b"for nobody")

        assert job.wait() == 0
    assert job.record.facts["cause"] == "start-failed"


def test_the_command_has_no_other_descriptor(start_fed: StartFed) -> None:
    """Neither the listening socket nor the pipe's other end is in the job."""
    job = start_fed("sh", "-c", "ls /proc/self/fd /proc/1/fd 2>/dev/null; readlink /proc/self/fd/0")
    with Feeder(job.folder) as feeder:
        feeder.feed(b"")

    assert job.wait() == 0
    assert b"socket" not in job.log
    assert job.log.split()[:5] == [b"/proc/self/fd:", b"0", b"1", b"2", b"3"]  # 3 is the folder that ls reads
