"""Every byte that a job writes is in its log, in order; what is not is counted."""

from __future__ import annotations

import array
import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.shim import ShimRun, Start, make_folder

pytestmark = pytest.mark.isolation

MIB = 1 << 20


def notice(cap: int) -> bytes:
    return b"joblet: output limit of %d bytes reached, the rest is discarded\n" % cap


def test_both_streams_in_order(run: Start) -> None:
    """Both streams arrive in the order in which they were written."""
    job = run("sh", "-c", "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done")

    assert job.log.decode() == "".join(f"out {i}\nerr {i}\n" for i in range(1, 6))


def test_any_bytes(run: Start) -> None:
    """Output is bytes: NULs and invalid UTF-8 arrive as they are."""
    job = run("printf", r"\000\377\376\n\000")

    assert job.log == b"\x00\xff\xfe\n\x00"
    assert job.record.log_bytes == 5


def test_opening_stderr_anew(run: Start) -> None:
    """`> /dev/stderr` opens the pipe anew, and truncates nothing."""
    job = run("sh", "-c", "echo one; echo two > /dev/stderr; echo three > /dev/stdout; echo four > /dev/fd/2")

    assert job.log == b"one\ntwo\nthree\nfour\n"


def test_long_line(run: Start) -> None:
    """A line of 50 MB without a newline arrives whole."""
    job = run("head", "-c", "50000000", "/dev/zero")

    assert job.record.log_bytes == 50_000_000
    assert hashlib.sha256(job.log).digest() == hashlib.sha256(bytes(50_000_000)).digest()


def test_last_write_before_the_end(run: Start) -> None:
    """What is written right before the end, by exit or by a signal, is in the log: a full pipe's worth."""
    for last in ("exit 0", "kill -KILL $$"):
        job = run("sh", "-c", f"head -c 65536 /dev/zero | tr '\\0' x; {last}")

        assert job.log == b"x" * 65536
        assert job.record.log_bytes == 65536


def test_output_of_what_the_command_left_behind(run: Start) -> None:
    """What a daemon wrote before it was ended with its command is in the log."""
    script = (
        "mkfifo wrote; setsid sh -c 'echo from the daemon; echo > wrote; exec sleep 600' & read line < wrote"
    )

    assert run("sh", "-c", script).log == b"from the daemon\n"


def test_closed_output(run: Start) -> None:
    """A job that closes its output runs on, and the shim waits for it without being busy."""
    job = run("sh", "-c", "echo before; exec >&- 2>&-; read line < /dev/zero & exec sleep 0.2")

    assert job.log == b"before\n"
    assert job.record.wait_status == 0


def test_stranger_with_the_pipe(run: Start, tmp_path: Path) -> None:
    """A process outside the job that was handed its output pipe cannot keep the shim from ending."""
    name = f"joblet-test-{os.getpid()}"
    script = (
        "import array, socket; s = socket.socket(socket.AF_UNIX); "
        f"s.connect('\\0{name}'); "
        "s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))]); print('sent')"
    )
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        job = run("/usr/bin/python3", "-c", script)
        connection, _ = server.accept()
        with connection:
            _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
            (pipe_fd,) = array.array("i", ancillary[0][2])
            with os.fdopen(pipe_fd, "wb"):
                assert job.log == b"sent\n"


@pytest.mark.parametrize("size", [0, 9, 10])
def test_output_up_to_the_cap(run: Start, size: int) -> None:
    """Output of exactly the cap is whole, and nothing is said."""
    job = run("printf", "x" * size, options=["--log-max-bytes", "10"])

    assert job.log == b"x" * size
    assert job.record.facts["dropped-bytes"] == "0"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("123456789\nAB", b"123456789\n" + notice(10)),
        ("0123456789A", b"0123456789\n" + notice(10)),
        ("\\n" * 11, b"\n" * 10 + notice(10)),
    ],
)
def test_output_beyond_the_cap(run: Start, output: str, expected: bytes) -> None:
    """The log ends with the cap and a notice on a line of its own; the record says what is missing."""
    job = run("printf", output, options=["--log-max-bytes", "10"])

    assert job.log == expected
    assert job.record.log_bytes == len(expected)
    assert job.record.facts["dropped-bytes"] == str(len(output.replace("\\n", "\n")) - 10)


def test_job_beyond_the_cap_is_not_blocked(run: Start) -> None:
    """A job that writes far more than the cap ends by itself, and the notice is there once."""
    job = run(
        "sh", "-c", "head -c 10000000 /dev/zero; echo ok > done", options=["--log-max-bytes", "1000000"]
    )

    assert (job.work / "done").read_text() == "ok\n"
    assert job.log == bytes(1_000_000) + b"\n" + notice(1_000_000)
    assert job.record.facts["dropped-bytes"] == "9000000"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[ShimRun]:
    """A job's directory on a disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    try:
        with ShimRun(make_folder(disk / "job")) as job:
            yield job
    finally:
        subprocess.run(["umount", disk], check=True)


def test_full_disk(run: Start, small_disk: ShimRun) -> None:
    """A job that fills the disk with its output is not blocked, and its record is written and exact."""
    job = run("sh", "-c", "head -c 3000000 /dev/zero; exit 7", run=small_disk)

    assert job.record.wait_status == 7 << 8
    assert job.record.log_bytes == len(job.log)
    assert job.record.log_bytes + int(job.record.facts["dropped-bytes"]) == 3_000_000
    assert 0 < len(job.log) < MIB


def test_disk_filled_by_the_job_itself(run: Start, small_disk: ShimRun) -> None:
    """A job that fills the disk for a while gets a log that is a prefix of its output, without a hole."""
    script = "echo first; head -c 2000000 /dev/zero 2> err > big; head -c 9000 /dev/zero; rm big; echo last"
    job = run("sh", "-c", script, run=small_disk)

    assert (b"first\n" + bytes(9000) + b"last\n").startswith(job.log)
    assert job.record.log_bytes == len(job.log)
    assert len(job.log) + int(job.record.facts["dropped-bytes"]) == 9011


def test_disk_that_is_full_from_the_start(start: Start, small_disk: ShimRun) -> None:
    """Where the record cannot be allocated nothing is run: exit 1, and no record."""
    (small_disk.folder / "lock").write_bytes(b"\n")
    with (small_disk.folder / "filler").open("wb", buffering=0) as filler:
        assert filler.write(bytes(2 * MIB)) < MIB

    job = start("touch", "/work/ran", run=small_disk)

    assert job.wait() == 1
    job.wait_lock_free()
    assert not (job.folder / "exit").exists()
    assert not (job.work / "ran").exists()
