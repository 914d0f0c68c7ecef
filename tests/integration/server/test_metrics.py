"""Prometheus: what is counted, and a listener that stands who is slow, large or many."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import StreamTerminatedError
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest
from prometheus_client.parser import text_string_to_metric_families

from joblet.config import MetricsConfig
from joblet.errors import ConfigurationError
from joblet.job import Ending, Job, JobSpec, Reason
from joblet.metrics import JobSample
from joblet.runner.sampler import Measured
from joblet.server.meter import Meter
from joblet.server.scrape import MOST_CLIENTS, MOST_HEADER_BYTES, MetricsListener
from joblet.testing.authority import Authority
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from support.edge import call_failure, connected, running_edge

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
JOB = Job(id="7", spec=JobSpec("true"), started_at=NOON).after_start(9)
ANY_PORT = MetricsConfig(port=0)


def series(text: bytes) -> Mapping[str, float]:
    """Return each series with its value, by its name and its labels: `name{label=value}`."""
    return {
        named(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def named(name: str, labels: Mapping[str, str]) -> str:
    return f"{name}{{{','.join(f'{key}={value}' for key, value in sorted(labels.items()))}}}"


class Jobs:
    """Lists nothing, and logs three bytes."""

    async def list(self, stream: object) -> None:
        await stream.recv_message()  # type: ignore[attr-defined]  # grpclib's
        await stream.send_message(pb.Jobs())  # type: ignore[attr-defined]

    async def log(self, stream: object) -> None:
        await stream.recv_message()  # type: ignore[attr-defined]
        await stream.send_message(pb.DataChunk(payload=b"abc"))  # type: ignore[attr-defined]

    def __mapping__(self) -> dict[str, Handler]:
        path = "/joblet.JobletService/"
        return {
            f"{path}ListJobs": Handler(self.list, Cardinality.UNARY_UNARY, pb.EmptyRequest, pb.Jobs),
            f"{path}GetJobLogs": Handler(self.log, Cardinality.UNARY_STREAM, pb.GetJobLogsReq, pb.DataChunk),
        }


async def test_calls_are_counted() -> None:
    """By method and code, with their time if they are unary and with their bytes if they are streams."""
    authority, meter = Authority(), Meter()
    async with running_edge(authority, [Jobs()], meter=meter) as port:
        with connected(port, authority.client("admin")) as channel:
            await JobletServiceStub(channel).ListJobs(pb.EmptyRequest())
            await JobletServiceStub(channel).GetJobLogs(pb.GetJobLogsReq(id="12"))
            await HealthStub(channel).Check(HealthCheckRequest())
        with connected(port, authority.client("nobody")) as channel:
            await call_failure(JobletServiceStub(channel).ListJobs(pb.EmptyRequest()))

    counted = series(meter.text([], 0))
    listed, logged = "/joblet.JobletService/ListJobs", "/joblet.JobletService/GetJobLogs"
    assert counted[f"joblet_rpcs_total{{code=OK,method={listed}}}"] == 1
    assert counted[f"joblet_rpcs_total{{code=UNAUTHENTICATED,method={listed}}}"] == 1
    assert counted["joblet_rejected_calls_total{code=UNAUTHENTICATED}"] == 1
    assert counted["joblet_rejected_calls_total{code=PERMISSION_DENIED}"] == 0
    assert counted[f"joblet_rpc_seconds_count{{method={listed}}}"] == 2
    assert f"joblet_rpc_seconds_count{{method={logged}}}" not in counted
    assert counted[f"joblet_stream_bytes_total{{direction=sent,method={logged}}}"] == 5
    assert counted[f"joblet_stream_bytes_total{{direction=received,method={logged}}}"] == 4


async def test_who_does_not_get_in_is_counted() -> None:
    """A certificate of another authority is refused in the handshake, before there is a call."""
    meter, authority = Meter(), Authority()
    stranger = replace(Authority().client("admin"), ca=authority.server().ca)
    async with running_edge(authority, meter=meter) as port:
        with connected(port, stranger) as channel, pytest.raises((OSError, StreamTerminatedError)):
            await HealthStub(channel).Check(HealthCheckRequest())

    assert series(meter.text([], 0))["joblet_rejected_calls_total{code=UNAUTHENTICATED}"] == 1


def test_jobs_are_counted() -> None:
    """Ends by status and reason, starts by how long they took; running jobs with what they use."""
    meter = Meter()
    meter.job_started(0.004)
    meter.job_ended(JOB.after_end(Ending(Reason.OOM, -1, signal=9), NOON + timedelta(seconds=1)))
    running = Measured(JOB, JobSample(NOON, cpu_seconds=1.5, memory_bytes=4096, log_bytes=3))
    unmeasured = Measured(Job(id="8", spec=JobSpec("true"), started_at=NOON), JobSample(NOON, log_bytes=0))

    counted = series(meter.text([running, unmeasured], 3))

    assert counted["joblet_jobs_ended_total{reason=oom,status=FAILED}"] == 1
    assert counted["joblet_job_start_seconds_bucket{le=0.005}"] == 1
    assert counted["joblet_job_start_seconds_bucket{le=0.0025}"] == 0
    assert counted["joblet_jobs{status=RUNNING}"] == 2
    assert counted["joblet_jobs{status=INITIALIZING}"] == 3
    assert counted["joblet_job_cpu_seconds_total{job=7}"] == 1.5
    assert counted["joblet_job_memory_bytes{job=7}"] == 4096
    assert counted["joblet_job_log_bytes{job=8}"] == 0
    assert "joblet_job_cpu_seconds_total{job=8}" not in counted


def test_an_ended_job_has_no_series() -> None:
    """So that there are never more than there are running jobs."""
    meter = Meter()
    meter.text([Measured(JOB, JobSample(NOON, cpu_seconds=1.5))], 0)

    assert b'job="7"' not in meter.text([], 0)


@asynccontextmanager
async def listening(*, patience_seconds: float = 30.0) -> AsyncIterator[int]:
    """Yield the port of a listener with one metric."""

    async def collect() -> bytes:
        return b"up 1.0\n"

    async with MetricsListener(ANY_PORT, collect, patience_seconds=patience_seconds) as listener:
        yield listener.address[1]


async def answer(port: int, request: bytes) -> bytes:
    """Return everything that a request is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /metrics HTTP/1.1", b"200 OK"),
        (b"GET /metrics?name[]=up HTTP/1.0", b"200 OK"),
        (b"GET / HTTP/1.1", b"404 Not Found"),
        (b"POST /metrics HTTP/1.1", b"405 Method Not Allowed"),
        (b"GET /metrics", b"400 Bad Request"),
        (b"\x16\x03\x01 \xff \xfe", b"400 Bad Request"),
    ],
)
async def test_requests(request_line: bytes, status: bytes) -> None:
    """There is one thing to get; whatever else is asked for is answered with its status."""
    async with listening() as port:
        answered = await answer(port, request_line + b"\r\nHost: x\r\n\r\n")

    assert answered.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert answered.endswith(b"\r\n\r\nup 1.0\n") == (status == b"200 OK")


async def test_a_header_without_end() -> None:
    """It is not collected beyond its limit."""
    async with listening() as port:
        endless = b"x" * 2 * MOST_HEADER_BYTES
        answered = await answer(port, b"GET /metrics HTTP/1.1\r\nX: " + endless + b"\r\n\r\n")

    assert answered == b"" or answered.startswith(b"HTTP/1.1 431 ")


async def test_a_client_that_says_nothing() -> None:
    """It loses its connection, and was in nobody's way."""
    async with listening(patience_seconds=0.05) as port:
        assert await answer(port, b"GET /met") == b""


def noting(event: str) -> asyncio.Event:
    """Return what is set when this is logged; nothing else is, until the test is over."""
    seen = asyncio.Event()

    def note(_logger: object, _method: str, fields: Mapping[str, object]) -> str:
        if fields["event"] == event:
            seen.set()
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    return seen


async def test_a_client_that_reads_nothing() -> None:
    """It is given up, with the answer that it does not take; others are served meanwhile."""

    async def much() -> bytes:
        return bytes(32 << 20)  # more than the kernel's buffers hold

    lost = noting("metrics client lost")
    async with MetricsListener(ANY_PORT, much, patience_seconds=0.2) as listener:
        port = listener.address[1]
        with socket.create_connection(("127.0.0.1", port)) as silent:
            silent.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            other = await answer(port, b"GET / HTTP/1.1\r\n\r\n")
            await lost.wait()

    assert other.startswith(b"HTTP/1.1 404")


async def test_too_many_clients() -> None:
    """The ones beyond the limit are turned away at once; there is room again when one has left."""
    async with listening() as port:
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CLIENTS)]
        refused = await answer(port, b"GET /metrics HTTP/1.1\r\n\r\n")
        reader, writer = waiting.pop()
        writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
        last = await reader.read()
        writer.close()
        served = await answer(port, b"GET /metrics HTTP/1.1\r\n\r\n")
        for _, left in waiting:
            left.close()

    assert refused == b""
    assert last.endswith(b"up 1.0\n")
    assert served.endswith(b"up 1.0\n")


async def test_an_address_that_is_taken() -> None:
    """It is said which key of the configuration is wrong."""
    async with listening() as port:
        with pytest.raises(ConfigurationError, match=f"metrics: cannot listen on 127.0.0.1:{port}"):
            MetricsListener(MetricsConfig(port=port), lambda: asyncio.sleep(0, b""))


def test_codes_that_refuse_are_there_from_the_start() -> None:
    """A rate needs a first value."""
    counted = series(Meter().text([], 0))

    assert counted[f"joblet_rejected_calls_total{{code={Status.PERMISSION_DENIED.name}}}"] == 0
