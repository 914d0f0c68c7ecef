"""The shim's exit record: text to value, value to `Ending`. Pure.

The format is the contract in `shim/README.md`. A record is complete if and
only if its last line is `end`; anything else is treated as absent, because a
half-told end must read as unknown, never as success.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from joblet.job import UNKNOWN_EXIT_CODE, Ending, Reason, Usage
from joblet.linux.cgroup import CgroupUsage, read_usage

EXIT_NOT_FOUND = 127
EXIT_NOT_EXECUTABLE = 126


@dataclass(frozen=True, slots=True)
class ExitRecord:
    """What the shim wrote when the job's last process was gone; times in ns since the epoch."""

    cause: str
    wait_status: int | None = None
    error: tuple[str, int] | None = None
    started_ns: int | None = None
    ended_ns: int = 0
    log_bytes: int = 0
    dropped_bytes: int = 0
    counters: Mapping[str, str] = field(default_factory=dict)


def parse_record(text: bytes) -> ExitRecord | None:
    """Return the record, or None if it is incomplete or not a record."""
    lines = _Lines(text)
    if lines.next() != "joblet-exit 1":
        return None
    facts: dict[str, str] = {}
    counters: dict[str, str] = {}
    while (line := lines.next()) is not None and line != "end":
        name, _, value = line.partition(" ")
        if name == "counter":
            path, _, size = value.rpartition(" ")
            counters[path] = lines.take(size)
        else:
            facts[name] = value
    if line is None or not lines.is_at_end:
        return None
    try:
        return _record_from_facts(facts, counters)
    except (KeyError, ValueError):  # a fact is missing or is not the number it should be
        return None


def _record_from_facts(facts: Mapping[str, str], counters: Mapping[str, str]) -> ExitRecord:
    error = None
    if "error" in facts:
        phase, _, number = facts["error"].partition(" ")
        error = (phase, int(number))
    return ExitRecord(
        cause=facts["cause"],
        wait_status=int(facts["wait-status"]) if "wait-status" in facts else None,
        error=error,
        started_ns=int(facts["started"]) if "started" in facts else None,
        ended_ns=int(facts["ended"]),
        log_bytes=int(facts["log-bytes"]),
        dropped_bytes=int(facts["dropped-bytes"]),
        counters=counters,
    )


class _Lines:
    """Takes lines and counted bytes off a text; None and emptiness past its end."""

    def __init__(self, text: bytes) -> None:
        self._rest = text

    @property
    def is_at_end(self) -> bool:
        return not self._rest

    def next(self) -> str | None:
        line, newline, rest = self._rest.partition(b"\n")
        if not newline:
            return None
        self._rest = rest
        return line.decode(errors="replace")

    def take(self, size: str) -> str:
        count = int(size) if size.isdecimal() else 0
        taken, self._rest = self._rest[:count], self._rest[count + 1 :]
        return taken.decode(errors="replace")


def ending_from_record(record: ExitRecord) -> Ending:
    """Return how the job ended: the reason by the record's cause and the kernel's counters."""
    counted = read_usage(record.counters)
    if record.cause == "start-failed":
        reason, exit_code, number, detail = _start_failure(record.error)
    else:
        exit_code, number = _decode(record.wait_status)
        reason = _reason(record.cause, exit_code, is_oom=bool(counted.oom_kills))
        detail = ""
    return Ending(
        reason=reason,
        exit_code=exit_code,
        signal=number,
        detail=detail,
        log_bytes=record.log_bytes,
        dropped_bytes=record.dropped_bytes,
        usage=usage_from_counters(counted),
    )


def usage_from_counters(counted: CgroupUsage) -> Usage:
    """Return what a job consumed, as callers are told it."""
    return Usage(
        cpu_seconds=counted.cpu_seconds,
        peak_memory_bytes=counted.peak_memory_bytes,
        read_bytes=counted.read_bytes,
        written_bytes=counted.written_bytes,
    )


def _decode(wait_status: int | None) -> tuple[int, int]:
    """Return exit code and signal of a status as waitpid(2) gives it.

    None means that init was killed before it could tell, which only a SIGKILL
    to everything does.
    """
    if wait_status is None:
        return UNKNOWN_EXIT_CODE, int(signal.SIGKILL)
    if os.WIFSIGNALED(wait_status):
        return UNKNOWN_EXIT_CODE, os.WTERMSIG(wait_status)
    return os.WEXITSTATUS(wait_status), 0


def _reason(cause: str, exit_code: int, *, is_oom: bool) -> Reason:
    if cause == "stopped":
        return Reason.STOPPED
    if cause == "timeout":
        return Reason.TIMEOUT
    # A child may have been killed for memory in a job that coped; only a failure is blamed on it.
    if is_oom and exit_code != 0:
        return Reason.OOM
    return Reason.SIGNAL if exit_code == UNKNOWN_EXIT_CODE else Reason.EXITED


def _start_failure(error: tuple[str, int] | None) -> tuple[Reason, int, int, str]:
    phase, number = error or ("unknown step", 0)
    text = os.strerror(number)
    if phase not in {"exec", "workdir"}:  # what the caller asked for, not what the host cannot do
        return (
            Reason.START_FAILED,
            UNKNOWN_EXIT_CODE,
            0,
            f"failed to create isolated environment: {phase}: {text}",
        )
    is_missing = phase == "exec" and number == errno.ENOENT
    exit_code = EXIT_NOT_FOUND if is_missing else EXIT_NOT_EXECUTABLE
    return Reason.START_FAILED, exit_code, 0, f"{phase}: {text}"
