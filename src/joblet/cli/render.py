"""Jobs as the text that `rnx` prints. Pure.

The first lines of each form are the API's, to the letter; ours come after
them, and only where there is something to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joblet.job import Ending, Job, Usage

NO_JOBS = "No jobs found"
"""What is said on stderr where a list would be."""


def printable(text: str) -> str:
    r"""Return one line that a terminal shows as it is: control characters become escapes such as `\n`.

    Another caller chose a job's arguments, and must not move this one's cursor.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def command_line(job: Job) -> str:
    """Return command and arguments in one line."""
    return printable(" ".join((job.spec.command, *job.spec.args)))


def time_text(time: datetime | None) -> str:
    """Return a time as the API's examples have it, to the second; empty for none."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else ""


def duration_text(seconds: float) -> str:
    """Return a duration as the flags take it (`1h30m`), to the millisecond."""
    rest_ms = round(seconds * 1000)
    text = ""
    for unit, unit_ms in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest_ms = divmod(rest_ms, unit_ms)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def started(job: Job) -> str:
    """Return what `rnx run` prints."""
    return "\n".join(
        (
            "Job started:",
            f"ID: {job.id}",
            f"Command: {command_line(job)}",
            f"Status: {job.status}",
            f"StartTime: {time_text(job.started_at)}",
            f"MaxCPU: {job.spec.limits.cpu_percent}",
            f"MaxMemory: {job.spec.limits.memory_mb}",
            "Network: host (shared with system)",
        )
    )


def stopped(job: Job) -> str:
    """Return what `rnx stop` prints."""
    return "\n".join(
        (
            "Job stopped successfully:",
            f"ID: {job.id}",
            f"Status: {job.status}",
            f"ExitCode: {job.exit_code}",
            f"EndTime: {time_text(job.ended_at)}",
        )
    )


def ended(job: Job) -> str:
    """Return a job's line of `rnx wait`."""
    return f"{job.id} {job.status} ExitCode: {job.exit_code}"


def removed(job_id: str) -> str:
    """Return a job's line of `rnx rm`."""
    return f"Job removed: {printable(job_id)}"


def listed(job: Job) -> str:
    """Return a job's line of `rnx list`."""
    line = f"{job.id} {job.status} StartTime: {time_text(job.started_at)} Command: {command_line(job)}"
    return f"{line} Name: {printable(job.spec.name)}" if job.spec.name else line


def status(job: Job) -> str:
    """Return what `rnx status` prints."""
    limits = job.spec.limits
    return "\n".join(
        (
            f"Id: {job.id}",
            f"Command: {command_line(job)}",
            f"Status: {job.status}",
            f"Started At: {time_text(job.started_at)}",
            f"Ended At: {time_text(job.ended_at)}",
            f"MaxCPU: {limits.cpu_percent}",
            f"MaxMemory: {limits.memory_mb}",
            f"MaxIOBPS: {limits.io_bps}",
            f"ExitCode: {job.exit_code}",
            *(f"{name}: {printable(value)}" for name, value in extras(job) if value),
        )
    )


def extras(job: Job) -> Iterator[tuple[str, str]]:
    """Yield what the API's form has no line for; an empty value is not known."""
    spec = job.spec
    yield "Name", spec.name
    yield "Workdir", spec.workdir
    yield "Timeout", duration_text(spec.timeout_seconds) if spec.timeout_seconds else ""
    yield "Stop Grace", "" if spec.stop_grace_seconds is None else duration_text(spec.stop_grace_seconds)
    yield "Stdin", "yes" if spec.stdin else ""
    yield "Terminal", f"{spec.terminal.rows}x{spec.terminal.columns}" if spec.terminal else ""
    yield "Owner", job.owner
    yield "Pid", str(job.pid or "")
    if job.ending:
        yield "Stopped By", job.stopped_by
        yield from ending_lines(job.ending)
    elif job.usage:
        yield from usage_lines(job.usage)


def ending_lines(ending: Ending) -> Iterator[tuple[str, str]]:
    """Yield how a job ended and what it used."""
    yield "Reason", ending.reason
    yield "Signal", str(ending.signal or "")
    yield "Detail", ending.detail
    yield "Log", f"{ending.log_bytes} bytes"
    yield "Dropped", f"{ending.dropped_bytes} bytes" if ending.dropped_bytes else ""
    yield from usage_lines(ending.usage)


def used(job: Job) -> Usage | None:
    """Return what a job used, in the end or so far; None if that is not known."""
    return job.ending.usage if job.ending else job.usage


def usage_lines(usage: Usage) -> Iterator[tuple[str, str]]:
    """Yield what a job used, in the end or so far."""
    yield "CPU Time", "" if usage.cpu_seconds is None else f"{usage.cpu_seconds:.3f} s"
    yield "Peak Memory", "" if usage.peak_memory_bytes is None else f"{usage.peak_memory_bytes} bytes"
    yield "Read", "" if usage.read_bytes is None else f"{usage.read_bytes} bytes"
    yield "Written", "" if usage.written_bytes is None else f"{usage.written_bytes} bytes"
