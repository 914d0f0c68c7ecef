"""The exit record: what is complete, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.job import Ending, Reason
from joblet.runner.record import ExitRecord, ending_from_record, parse_record

CGROUP = "/sys/fs/cgroup/joblet.slice/job-1"
MEMORY_EVENTS = "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 1\n"
RECORD = (
    b"joblet-exit 1\n"
    b"cause exited\n"
    b"wait-status 10752\n"
    b"started 1705314600123456789\n"
    b"ended 1705314601123456789\n"
    b"log-bytes 4096\n"
    b"dropped-bytes 12\n"
    + f"counter {CGROUP}/memory.events {len(MEMORY_EVENTS)}\n{MEMORY_EVENTS}\n".encode()
    + b"end\n"
)


def test_a_complete_record_says_everything() -> None:
    """Every fact of the contract is read."""
    assert parse_record(RECORD) == ExitRecord(
        cause="exited",
        wait_status=42 << 8,
        started_ns=1705314600123456789,
        ended_ns=1705314601123456789,
        log_bytes=4096,
        dropped_bytes=12,
        counters={f"{CGROUP}/memory.events": MEMORY_EVENTS},
    )


@pytest.mark.parametrize("size", range(len(RECORD)))
def test_a_record_cut_at_any_byte_is_absent(size: int) -> None:
    """Half a record is no record: it must never be read as a success."""
    assert parse_record(RECORD[:size]) is None


@given(st.binary())
def test_noise_is_absent(noise: bytes) -> None:
    """Whatever is in the file, reading it does not fail."""
    assert parse_record(noise) is None


@given(position=st.integers(0, len(RECORD) - 1), byte=st.integers(0, 255))
def test_a_flipped_byte_never_raises(position: int, byte: int) -> None:
    """A damaged record is read as something or as nothing, and never takes the daemon down."""
    damaged = bytearray(RECORD)
    damaged[position] = byte
    if record := parse_record(bytes(damaged)):
        ending_from_record(record)


def test_a_counter_may_contain_anything() -> None:
    """A counter's text is counted, not parsed: an `end` line in it ends nothing."""
    text = RECORD.replace(b"end\n", b"counter /x/cpu.stat 4\nend\n\nend\n")

    parsed = parse_record(text)

    assert parsed is not None
    assert parsed.counters["/x/cpu.stat"] == "end\n"


def record(cause: str = "exited", wait_status: int | None = None, *, oom_kills: int = 0) -> ExitRecord:
    events = f"oom {oom_kills}\noom_kill {oom_kills}\n"
    return ExitRecord(cause=cause, wait_status=wait_status, counters={f"{CGROUP}/memory.events": events})


@pytest.mark.parametrize(
    ("given_record", "reason", "exit_code", "signal"),
    [
        (record(wait_status=0), Reason.EXITED, 0, 0),
        (record(wait_status=42 << 8), Reason.EXITED, 42, 0),
        (record(wait_status=11), Reason.SIGNAL, -1, 11),
        (record(wait_status=None), Reason.SIGNAL, -1, 9),
        (record(wait_status=9, oom_kills=1), Reason.OOM, -1, 9),
        (record(wait_status=None, oom_kills=3), Reason.OOM, -1, 9),
        (record(wait_status=137 << 8, oom_kills=1), Reason.OOM, 137, 0),
        (record(wait_status=0, oom_kills=1), Reason.EXITED, 0, 0),
        (record("stopped", 15), Reason.STOPPED, -1, 15),
        (record("stopped", 3 << 8), Reason.STOPPED, 3, 0),
        (record("stopped", None, oom_kills=1), Reason.STOPPED, -1, 9),
        (record("timeout", 9), Reason.TIMEOUT, -1, 9),
        (ExitRecord(cause="start-failed", error=("exec", 2)), Reason.START_FAILED, 127, 0),
        (ExitRecord(cause="start-failed", error=("exec", 13)), Reason.START_FAILED, 126, 0),
        (ExitRecord(cause="start-failed", error=("workdir", 2)), Reason.START_FAILED, 126, 0),
        (ExitRecord(cause="start-failed", error=("mount", 1)), Reason.START_FAILED, -1, 0),
    ],
)
def test_the_reason_is_the_true_one(
    given_record: ExitRecord, reason: Reason, exit_code: int, signal: int
) -> None:
    """Cause, wait status and the kernel's OOM counter together decide; nothing is guessed."""
    ending = ending_from_record(given_record)

    assert (ending.reason, ending.exit_code, ending.signal) == (reason, exit_code, signal)


def test_a_failed_start_says_which_step() -> None:
    """The detail is for the person who has to fix it."""
    ending = ending_from_record(ExitRecord(cause="start-failed", error=("mount", 1)))

    assert ending == Ending(
        reason=Reason.START_FAILED,
        detail="failed to create isolated environment: mount: Operation not permitted",
    )
