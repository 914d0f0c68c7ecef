"""Values as messages. Not: back (`values.py`; a search is here); errors (`status.py`); TLS (`tls.py`).

Two rules:

* A time is RFC 3339 text in UTC, microseconds only when there are any
  (`2024-01-15T10:30:00Z`); an empty text is no time.
* What the value knows to be unknown (`None`) is an absent field, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from joblet.errors import InvalidRequestError, JobNotFoundError
from joblet.job import Job, JobSpec, JobStatus, Terminal, Usage
from joblet.limits import INT32_MAX, NAMES
from joblet.search import Search, Sort
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.values import time_from_text

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
        input=spec.stdin,
        terminal=terminal_to_message(spec.terminal) if spec.terminal else None,
    )
    return options if options.ByteSize() else None


def terminal_to_message(terminal: Terminal) -> pb.Terminal:
    """Return the size of a terminal."""
    return pb.Terminal(rows=terminal.rows, columns=terminal.columns)


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
        usage=usage_to_message(job.usage) if job.usage else None,
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
        usage=usage_to_message(ending.usage),
    )


def usage_to_message(usage: Usage) -> pb.Usage:
    """Return what a job consumed."""
    return pb.Usage(
        cpuSeconds=usage.cpu_seconds,
        peakMemoryBytes=usage.peak_memory_bytes,
        readBytes=usage.read_bytes,
        writtenBytes=usage.written_bytes,
    )
