"""WorkerService's messages: jobs as them, and back as values. Not: JobletService's (`convert.py`).

This API knows of a job whether it runs and with which code it exited, and of
its output that it is text. What we know beyond that stays with us:

* RUNNING is every job that has not ended, INITIALIZING included (its pid is
  then 0): it is the one status that a caller must ask for again.
* EXITED is every job that has ended, a stopped one too, with the exit code that
  JobletService gives: the command's own, or -1 if a signal ended it.
* UNKNOWN is a job that is `lost`: it has ended, and nobody saw how.
"""

from __future__ import annotations

import codecs
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from joblet.errors import ServerError
from joblet.job import Ending, Job, JobSpec, Reason
from joblet.wire.generated import worker_pb2 as pb

WIDEST_REPLACEMENT_BYTES = 3
"""What U+FFFD takes in UTF-8, in the place of one byte that is none."""

LONGEST_REMAINDER_BYTES = 3
"""How much of a character a decoder may hold back until the next bytes (RFC 3629, 3)."""

OUTPUT_OVERHEAD_BYTES = 8
"""The most that a GetOutputResponse adds to its text: a tag and a length."""


class WorkerStatus(enum.StrEnum):
    """What this API says of a job; the values are its own."""

    UNKNOWN = "UNKNOWN"
    RUNNING = "RUNNING"
    EXITED = "EXITED"


@dataclass(frozen=True, slots=True)
class Started:
    """The answer to a start: the job, and its command's pid on the server's host, or why there is none."""

    id: str
    pid: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class WorkerJob:
    """A job as this API tells it; `pid` is 0 while there is none, `exit_code` 0 while it runs."""

    id: str
    command: str
    status: WorkerStatus
    pid: int
    exit_code: int


def start_to_message(command: str, args: Sequence[str]) -> pb.StartRequest:
    """Return the request to start a command.

    Raises:
        InvalidCommandError: the command or an argument is refused.

    """
    spec = JobSpec(command=command, args=tuple(args))
    return pb.StartRequest(commandName=spec.command, Arguments=spec.args)


def spec_from_message(message: pb.StartRequest) -> JobSpec:
    """Return what was asked for, with the default limits.

    Raises:
        InvalidCommandError: the command or an argument is refused.

    """
    return JobSpec(command=message.commandName, args=tuple(message.Arguments))


def started_to_message(job: Job) -> pb.StartResponse:
    """Return the answer to a start, for a job that is past it: it executes, has executed, or never will."""
    if job.pid:
        return pb.StartResponse(jobID=job.id, pid=job.pid, success=True)
    return pb.StartResponse(jobID=job.id, message=f"job did not start: {job.id} ({_why(job.ending)})")


def started_from_message(message: pb.StartResponse) -> Started:
    """Return the answer to a start; its pid is 0 if the command does not execute, whatever else it says."""
    return Started(message.jobID, message.pid if message.success else 0, message.message)


def _why(ending: Ending | None) -> str:
    return (ending.detail or ending.reason) if ending else "unknown"


def job_to_message(job: Job) -> pb.QueryStatusResponse:
    """Return the answer to a query."""
    return pb.QueryStatusResponse(
        pid=job.pid,
        exitCode=job.exit_code,
        command=job.spec.command,
        JobStatus=pb.JobStatus.Value(status_of(job)),
    )


def status_of(job: Job) -> WorkerStatus:
    """Return what this API calls a job's status."""
    if job.ending is None:
        return WorkerStatus.RUNNING
    return WorkerStatus.UNKNOWN if job.ending.reason is Reason.LOST else WorkerStatus.EXITED


def job_from_message(job_id: str, message: pb.QueryStatusResponse) -> WorkerJob:
    """Return the job that a server described.

    Raises:
        ServerError: its status is none of this API's.

    """
    try:
        status = WorkerStatus(pb.JobStatus.Name(message.JobStatus))
    except ValueError as error:
        raise ServerError(f"malformed answer: job {job_id}: {error}") from error
    return WorkerJob(job_id, message.command, status, message.pid, message.exitCode)


class OutputCursor:
    """Where a reader is in a job's text: from one connection to the next, each character once.

    The API has no offsets, so every connection starts at the first character.
    What was there before is there again: text does not depend on the chunks.
    """

    def __init__(self, job_id: str) -> None:
        self._request = pb.GetOutputRequest(jobID=job_id)
        self._seen = 0
        self._next = 0

    def request(self) -> pb.GetOutputRequest:
        """Return the request; the answer to it begins."""
        self._next = 0
        return self._request

    def fresh(self, answer: pb.GetOutputResponse) -> str:
        """Return what there is in an answer that has not been there before."""
        rest = answer.output[max(self._seen - self._next, 0) :]
        self._next += len(answer.output)
        self._seen += len(rest)
        return rest


def output_decoder() -> codecs.IncrementalDecoder:
    """Return what makes text of output, whatever the borders of its chunks; what is no UTF-8 is U+FFFD."""
    return codecs.getincrementaldecoder("utf-8")(errors="replace")


def output_piece_bytes(max_send_bytes: int) -> int:
    """Return how many bytes of output always fit into one message, once they are text."""
    text_bytes = max_send_bytes - OUTPUT_OVERHEAD_BYTES
    return max(text_bytes // WIDEST_REPLACEMENT_BYTES - LONGEST_REMAINDER_BYTES, 1)
