"""What was measured of a host crosses the wire unharmed; every field has its place."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import InvalidRequestError, ServerError
from joblet.job import Job, JobSpec
from joblet.limits import Limits
from joblet.metrics import ALL_KINDS, JobSample, Kind, SystemMetrics, api_name
from joblet.runner.sampler import Measured
from joblet.server.jobrates import job_metrics
from joblet.server.monitoring import interval_of
from joblet.wire.generated import joblet_pb2
from joblet.wire.generated import monitoring_pb2 as pb
from joblet.wire.metrics import stats_from_message, stats_to_message
from joblet.wire.system import (
    MESSAGES,
    kinds_from_types,
    system_from_message,
    system_to_message,
    watch_to_message,
)
from support.jobs import SAMPLES
from support.systems import NOON, values


@pytest.mark.parametrize("message_type", [pb.SystemStatusRes, pb.SystemMetricsRes])
@given(st.data())
def test_a_system_survives_the_wire(message_type: type[pb.SystemStatusRes], data: st.DataObject) -> None:
    """A host's metrics equal what is read back from their bytes, absent ones included, in either message."""
    system = data.draw(values(SystemMetrics))

    message = message_type.FromString(system_to_message(system, message_type).SerializeToString())

    assert system_from_message(message) == system


@pytest.mark.parametrize(("value", "message"), MESSAGES.items())
def test_every_field_has_an_attribute(value: type, message: type[Message]) -> None:
    """A message says nothing that the value does not, and the other way round."""
    names = {api_name(field.name) for field in fields(value)}

    assert names == {field.name for field in message.DESCRIPTOR.fields}


@given(st.lists(SAMPLES, max_size=5))
def test_samples_survive_the_wire(samples: list[JobSample]) -> None:
    """A job's samples equal what is read back from their bytes."""
    message = joblet_pb2.JobStats.FromString(stats_to_message(samples).SerializeToString())

    assert stats_from_message(message) == samples


def test_names_that_are_no_text_are_shown() -> None:
    """What the host calls something in bytes that are no UTF-8 breaks no answer."""
    system = replace(SystemMetrics(at=NOON), disks=[])
    measured = Measured(Job(id="1", spec=JobSpec("true"), started_at=NOON), JobSample(NOON))
    (job,) = job_metrics({}, [measured])
    odd = replace(system, jobs=[replace(job, command="caf\udce9")])

    assert system_to_message(odd, pb.SystemStatusRes).jobs[0].command == "caf?"


@pytest.mark.parametrize("text", ["", "noon"])
def test_a_malformed_answer_is_an_error_of_the_server(text: str) -> None:
    """A time that is none is a ServerError, not a ValueError."""
    with pytest.raises(ServerError, match="malformed answer"):
        system_from_message(pb.SystemStatusRes(timestamp=text))
    with pytest.raises(ServerError, match="malformed answer"):
        stats_from_message(joblet_pb2.JobStats(samples=[joblet_pb2.JobSample(time=text)]))


def test_metric_types() -> None:
    """None is all; an unknown one is refused with those that are known."""
    assert kinds_from_types([]) == ALL_KINDS
    assert kinds_from_types(["cpu", "job", "cpu"]) == {Kind.CPU, Kind.JOB}
    with pytest.raises(
        InvalidRequestError, match=r"'gpu' \(expected some of cpu, memory, disk, network, io, process, job\)"
    ):
        kinds_from_types(["cpu", "gpu"])


@pytest.mark.parametrize(("asked", "granted"), [(0, 5), (1, 1), (3600, 3600)])
def test_intervals(asked: int, granted: float) -> None:
    """0 is the server's own; what makes sense is taken as it is."""
    assert interval_of(asked) == granted


@pytest.mark.parametrize("asked", [-1, 3601, 2**31 - 1])
def test_intervals_that_make_no_sense(asked: int) -> None:
    """Negative ones and those of more than an hour are refused, with what was expected."""
    with pytest.raises(InvalidRequestError, match=f"expected 1 to 3600 s, or 0 for 5 s, got {asked}"):
        interval_of(asked)


def test_an_interval_that_no_message_carries() -> None:
    """It is the caller's mistake, and said to be before anything is sent."""
    with pytest.raises(InvalidRequestError, match="out of range"):
        watch_to_message(2**31, [])


def test_a_job_s_rates() -> None:
    """Counters become rates a second; what was not measured, or has just begun, has none."""
    spec = JobSpec("sh", ("-c", "x"), Limits(memory_mb=64), name="n")
    job = Job(id="7", spec=spec, started_at=NOON)
    first = JobSample(NOON, cpu_seconds=1.0, written_bytes=100, log_bytes=0)
    later = JobSample(
        NOON.replace(second=2), cpu_seconds=2.0, memory_bytes=5, written_bytes=300, log_bytes=10
    )

    (metrics,) = job_metrics({"7": first}, [Measured(job, later)])
    (begun,) = job_metrics({}, [Measured(job, later)])
    (set_back,) = job_metrics({"7": later}, [Measured(job, first)])

    assert (metrics.cpu_percent, metrics.write_rate, metrics.output_rate) == (50.0, 100.0, 5.0)
    assert (metrics.read_rate, metrics.memory_bytes, metrics.memory_limit_bytes) == (None, 5, 64 << 20)
    assert (metrics.command, metrics.name) == ("sh -c x", "n")
    assert (begun.cpu_percent, begun.output_rate, begun.memory_bytes) == (None, None, 5)
    assert set_back.cpu_percent is None
