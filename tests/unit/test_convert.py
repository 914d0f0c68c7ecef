"""Values cross the wire unharmed, and what makes no sense is said to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import InvalidRequestError, ServerError
from joblet.job import UNKNOWN_EXIT_CODE, Job, JobSpec, JobStatus, Reason
from joblet.limits import INT32_MAX, Limits
from joblet.wire import convert, values
from joblet.wire.generated import joblet_pb2 as pb
from support.jobs import SPECS, TIMES, jobs

NOON = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)


@given(jobs(), st.sampled_from([pb.Job, pb.RunJobRes, pb.GetJobStatusRes]))
def test_a_job_survives_the_wire(job: Job, message_type: type[pb.Job]) -> None:
    """A job equals what is read back from its bytes, in each of the three messages that are a job."""
    sent = convert.job_to_message(job, message_type).SerializeToString()

    assert values.job_from_message(message_type.FromString(sent)) == job


@given(SPECS)
def test_a_request_survives_the_wire(spec: JobSpec) -> None:
    """What is asked for equals what the server reads."""
    sent = convert.spec_to_message(spec).SerializeToString()

    assert values.spec_from_message(pb.RunJobReq.FromString(sent)) == spec


@given(jobs())
def test_a_stop_is_answered_with_how_the_job_ended(job: Job) -> None:
    """The answer to a stop carries the same ending as the whole job does."""
    answer = pb.StopJobRes.FromString(convert.stopped_to_message(job).SerializeToString())

    assert (answer.id, answer.status, answer.exitCode) == (job.id, job.status, job.exit_code)
    assert values.ending_from_message(answer) == job.ending


@given(TIMES)
def test_a_time_survives_as_text(time: datetime) -> None:
    """A time equals what is read back from its text."""
    assert values.time_from_text(convert.time_to_text(time)) == time


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2024, 1, 15, 10, 30, tzinfo=UTC), "2024-01-15T10:30:00Z"),
        (datetime(2024, 1, 15, 10, 30, 0, 1200, tzinfo=UTC), "2024-01-15T10:30:00.001200Z"),
        (datetime(2024, 1, 15, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2024-01-15T10:30:00Z"),
        (None, ""),
    ],
)
def test_a_time_is_written_as_the_api_shows_it(time: datetime | None, text: str) -> None:
    """Times are RFC 3339 in UTC, with microseconds only when there are any; no time is empty text."""
    assert convert.time_to_text(time) == text


@pytest.mark.parametrize("text", ["yesterday", "2024-01-15T10:30:00", "2024-13-01T00:00:00Z"])
def test_a_malformed_time_is_none(text: str) -> None:
    """A text that is no instant is refused with the text in the message."""
    with pytest.raises(ValueError, match=text):
        values.time_from_text(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "PAUSED"},
        {"startTime": ""},
        {"command": ""},
        {"ending": pb.Ending(reason="boredom")},
        {"id": "7\x1b]0;a title\x07"},
    ],
)
def test_a_malformed_job_is_an_error_of_the_server(changes: dict[str, object]) -> None:
    """A description that makes no sense is a ServerError that names the job."""
    message = pb.Job(id="7", command="true", status="COMPLETED", startTime="2024-01-15T10:30:00Z")
    message.MergeFrom(pb.Job(**{k: v for k, v in changes.items() if v}))  # type: ignore[arg-type]  # fields vary
    for field, value in changes.items():
        if not value:
            message.ClearField(field)

    with pytest.raises(ServerError, match="malformed answer: job 7"):
        values.job_from_message(message)


@pytest.mark.parametrize(
    ("status", "exit_code", "reason"),
    [
        ("COMPLETED", 0, Reason.EXITED),
        ("FAILED", 3, Reason.EXITED),
        ("FAILED", UNKNOWN_EXIT_CODE, Reason.LOST),
        ("STOPPED", UNKNOWN_EXIT_CODE, Reason.STOPPED),
    ],
)
def test_a_server_without_our_extensions_is_understood(status: str, exit_code: int, reason: Reason) -> None:
    """From the API's ten fields alone, the ending says what they imply, and no more."""
    message = pb.Job(
        id="7", command="true", status=status, exitCode=exit_code, startTime="2024-01-15T10:30:00Z"
    )

    job = values.job_from_message(message)

    assert job.ending is not None
    assert (job.status, job.exit_code, job.ending.reason) == (JobStatus(status), exit_code, reason)
    assert job.ending.usage.cpu_seconds is None


def test_what_was_not_measured_is_absent() -> None:
    """A counter that is unknown is no field at all, so that no reader takes it for 0."""
    usage = pb.Usage(cpuSeconds=0.0)

    read = values.usage_from_message(usage)

    assert (read.cpu_seconds, read.peak_memory_bytes) == (0.0, None)


@given(st.integers(min_value=INT32_MAX + 1))
def test_a_number_that_does_not_fit_is_refused(value: int) -> None:
    """A limit beyond the message's range is refused by its API name."""
    with pytest.raises(InvalidRequestError, match=f"maxMemory is out of range .got {value}"):
        convert.spec_to_message(JobSpec("true", limits=Limits(memory_mb=value)))
