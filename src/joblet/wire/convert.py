"""Values as messages, and back. Not: errors (`status.py`), connections (`tls.py`).

Three rules:

* A time is RFC 3339 text in UTC, microseconds only when there are any
  (`2024-01-15T10:30:00Z`); an empty text is no time.
* What the value knows to be unknown (`None`) is an absent field, never 0.
* Messages to values is for what another machine sent: whatever makes no sense
  is an error of `joblet.errors`, never a `ValueError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from joblet.errors import InvalidRequestError, JobNotFoundError, ServerError
from joblet.job import UNKNOWN_EXIT_CODE, Ending, Job, JobSpec, JobStatus, Reason, Usage
from joblet.limits import INT32_MAX, NAMES, Limits
from joblet.search import Search, Sort
from joblet.wire.generated import joblet_pb2 as pb

JobMessage = pb.Job | pb.RunJobRes | pb.GetJobStatusRes
"""The messages that are a whole job: the API gives them the same fields."""

JobMessageT = TypeVar("JobMessageT", pb.Job, pb.RunJobRes, pb.GetJobStatusRes)


def sendable_id(job_id: str) -> str:
    """Return an id that a message can carry.

    Raises:
        JobNotFoundError: no job has it: it is no text that UTF-8 can carry, but a raw byte of a shell.

    """
    try:
        job_id.encode()
    except UnicodeEncodeError:
        raise JobNotFoundError(job_id) from None
    return job_id


def time_to_text(time: datetime | None) -> str:
    """Return an aware time as RFC 3339 text in UTC, or empty text for none."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else ""


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


def spec_to_message(spec: JobSpec) -> pb.RunJobReq:
    """Return the request to run a job.

    Raises:
        InvalidRequestError: a number does not fit into a message.

    """
    for attribute, name in NAMES.items():
        value = getattr(spec.limits, attribute)
        if not -INT32_MAX <= value <= INT32_MAX:
            raise InvalidRequestError(f"{name} is out of range (got {value})")
    return pb.RunJobReq(
        command=spec.command,
        args=spec.args,
        maxCPU=spec.limits.cpu_percent,
        maxMemory=spec.limits.memory_mb,
        maxIOBPS=spec.limits.io_bps,
        options=options_to_message(spec, environment=spec.environment),
        key=spec.key,
    )


def options_to_message(spec: JobSpec, *, environment: Mapping[str, str]) -> pb.Options | None:
    """Return what was asked beyond the API, None if nothing was: the message is then the API's own."""
    options = pb.Options(
        environment=environment,
        workdir=spec.workdir,
        timeoutSeconds=spec.timeout_seconds,
        stopGraceSeconds=spec.stop_grace_seconds,
        name=spec.name,
    )
    return options if options.ByteSize() else None


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
        key=message.key if isinstance(message, pb.RunJobReq) else "",
    )


def search_to_message(search: Search) -> pb.SearchJobsReq:
    """Return the request for a page of jobs."""
    return pb.SearchJobsReq(
        statuses=sorted(search.statuses),
        name=search.name,
        since=time_to_text(search.since),
        sort=search.sort,
        reversed=search.is_reversed,
        page=search.after,
    )


def search_from_message(message: pb.SearchJobsReq) -> Search:
    """Return which jobs are asked for.

    Raises:
        InvalidRequestError: a status, a time, an order or a page is none.

    """
    try:
        return Search(
            statuses=frozenset(map(JobStatus, message.statuses)),
            name=message.name,
            since=time_from_text(message.since),
            sort=Sort(message.sort or Sort.AGE),
            is_reversed=message.reversed,
            after=message.page,
        )
    except ValueError as error:
        raise InvalidRequestError(f"invalid search: {error}") from error


def job_to_message(job: Job, message_type: type[JobMessageT]) -> JobMessageT:
    """Return a job as one of the messages that are a whole job."""
    return message_type(
        id=job.id,
        command=job.spec.command,
        args=job.spec.args,
        maxCPU=job.spec.limits.cpu_percent,
        maxMemory=job.spec.limits.memory_mb,
        maxIOBPS=job.spec.limits.io_bps,
        status=job.status.value,
        startTime=time_to_text(job.started_at),
        endTime=time_to_text(job.ended_at),
        exitCode=job.exit_code,
        ending=ending_to_message(job),
        pid=job.pid,
        owner=job.owner,
        options=options_to_message(job.spec, environment={}),
    )


def stopped_to_message(job: Job) -> pb.StopJobRes:
    """Return the answer to a stop."""
    return pb.StopJobRes(
        id=job.id,
        status=job.status.value,
        endTime=time_to_text(job.ended_at),
        exitCode=job.exit_code,
        ending=ending_to_message(job),
    )


def ending_to_message(job: Job) -> pb.Ending | None:
    """Return how a job ended, or None if it has not."""
    ending = job.ending
    if ending is None:
        return None
    return pb.Ending(
        reason=ending.reason.value,
        signal=ending.signal,
        stoppedBy=job.stopped_by,
        detail=ending.detail,
        logBytes=ending.log_bytes,
        droppedBytes=ending.dropped_bytes,
        usage=pb.Usage(
            cpuSeconds=ending.usage.cpu_seconds,
            peakMemoryBytes=ending.usage.peak_memory_bytes,
            readBytes=ending.usage.read_bytes,
            writtenBytes=ending.usage.written_bytes,
        ),
    )


def job_from_message(message: JobMessage) -> Job:
    """Return the job that a server described.

    Raises:
        ServerError: the description makes no sense.

    """
    try:
        return Job(
            id=message.id,
            spec=spec_from_message(message),
            started_at=parse_time(message.startTime),
            status=JobStatus(message.status),
            owner=message.owner,
            pid=message.pid,
            ended_at=time_from_text(message.endTime),
            ending=ending_from_message(message),
            stopped_by=message.ending.stoppedBy,
        )
    except (ValueError, InvalidRequestError) as error:
        raise ServerError(f"malformed answer: job {message.id}: {error}") from error


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
