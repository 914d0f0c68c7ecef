"""Messages as values. Not: back (`convert.py`), errors (`status.py`).

It is for what another machine sent: whatever makes no sense is an error of
`joblet.errors`, never a `ValueError`. What a message lacks is unknown (`None`)
where the value can say so.

Only the attributes of messages are used, never their types: protobuf is not
imported, and `joblet.cli.quick` brings messages of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joblet.errors import InvalidRequestError, ServerError
from joblet.job import UNKNOWN_EXIT_CODE, Ending, Job, JobSpec, JobStatus, Reason, Terminal, Usage
from joblet.limits import Limits

if TYPE_CHECKING:
    from joblet.wire.generated import joblet_pb2 as pb

    JobMessage = pb.Job | pb.RunJobRes | pb.GetJobStatusRes
    """The messages that are a whole job: the API gives them the same fields."""


def time_from_text(text: str) -> datetime | None:
    """Return the time in RFC 3339 text, or None for empty text; raises as `parse_time` does."""
    return parse_time(text) if text else None


def parse_time(text: str) -> datetime:
    """Return the time in RFC 3339 text, in UTC.

    Raises:
        ValueError: it is not a time, has no offset from UTC, or is not in the years 1 to 9999 there.

    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"not a time: {text!r}") from error
    if time.tzinfo is None:
        raise ValueError(f"a time without an offset from UTC: {text!r}")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not a time in UTC: {text!r}") from error


def spec_from_message(message: pb.RunJobReq | JobMessage) -> JobSpec:
    """Return what was asked for; an answer does not tell the key, nor the environment.

    Raises:
        InvalidRequestError: the command, an argument or an option is refused.

    """
    options = message.options
    return JobSpec(
        command=message.command,
        args=tuple(message.args),
        limits=Limits(cpu_percent=message.maxCPU, memory_mb=message.maxMemory, io_bps=message.maxIOBPS),
        environment=dict(options.environment),
        workdir=options.workdir,
        timeout_seconds=options.timeoutSeconds,
        stop_grace_seconds=options.stopGraceSeconds if options.HasField("stopGraceSeconds") else None,
        name=options.name,
        key=getattr(message, "key", ""),
        stdin=options.input,
        terminal=terminal_from_message(options.terminal) if options.HasField("terminal") else None,
    )


def terminal_from_message(message: pb.Terminal) -> Terminal:
    """Return the size of a terminal.

    Raises:
        InvalidRequestError: there is none of this size.

    """
    return Terminal(rows=message.rows, columns=message.columns)


def job_from_message(message: JobMessage) -> Job:
    """Return the job that a server described.

    Raises:
        ServerError: the description makes no sense.

    """
    try:
        return Job(
            id=shown_id(message.id),
            spec=spec_from_message(message),
            started_at=parse_time(message.startTime),
            status=JobStatus(message.status),
            owner=message.owner,
            pid=message.pid,
            ended_at=time_from_text(message.endTime),
            ending=ending_from_message(message),
            stopped_by=message.ending.stoppedBy,
            usage=usage_from_message(message.usage) if message.HasField("usage") else None,
        )
    except (ValueError, InvalidRequestError) as error:
        raise ServerError(f"malformed answer: job {message.id}: {error}") from error


def shown_id(job_id: str) -> str:
    """Return an id, which is shown as it is, and completed in shells: here it must be fit for that.

    Raises:
        ValueError: it is not; ours are decimal numbers, another server may have other ones.

    """
    if not job_id.isprintable():
        raise ValueError("its id has characters that cannot be printed")
    return job_id


def ending_from_message(message: JobMessage | pb.StopJobRes) -> Ending | None:
    """Return how a job ended, or None if it has not.

    A server without our extensions tells only the status and the exit code;
    what they imply is taken, and the rest stays at "not known".

    Raises:
        ValueError: the status or the reason is not one that we know.

    """
    status = JobStatus(message.status)
    if not status.is_terminal:
        return None
    if not message.HasField("ending"):
        return Ending(reason=implied_reason(status, message.exitCode), exit_code=message.exitCode)
    ending = message.ending
    return Ending(
        reason=Reason(ending.reason),
        exit_code=message.exitCode,
        signal=ending.signal,
        detail=ending.detail,
        log_bytes=ending.logBytes,
        dropped_bytes=ending.droppedBytes,
        usage=usage_from_message(ending.usage),
    )


def implied_reason(status: JobStatus, exit_code: int) -> Reason:
    """Return why a job ended, from what the API alone tells; LOST where it does not tell."""
    if status is JobStatus.STOPPED:
        return Reason.STOPPED
    return Reason.LOST if exit_code == UNKNOWN_EXIT_CODE else Reason.EXITED


def usage_from_message(message: pb.Usage) -> Usage:
    """Return what a job consumed; an absent field was not measured."""
    return Usage(
        cpu_seconds=message.cpuSeconds if message.HasField("cpuSeconds") else None,
        peak_memory_bytes=message.peakMemoryBytes if message.HasField("peakMemoryBytes") else None,
        read_bytes=message.readBytes if message.HasField("readBytes") else None,
        written_bytes=message.writtenBytes if message.HasField("writtenBytes") else None,
    )
