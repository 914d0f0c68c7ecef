"""`rnx monitor` and `rnx stats` in a pipe: what is asked, what is shown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from joblet.job import JobSpec
from joblet.limits import Limits
from joblet.metrics import JobSample
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated import monitoring_pb2
from support.fakeservice import STARTED_AT, FakeService
from support.programs import Program

BUSY = JobSpec("make", ("all",), Limits(cpu_percent=100, memory_mb=64))


async def test_status_is_one_question(rnx: Program, service: FakeService) -> None:
    """The facts are those of the API's own call."""
    outcome = await rnx.run("monitor", "status")

    assert (outcome.code, outcome.err) == (0, "")
    assert b"CPU:        2 cores, 62.5% used" in outcome.out
    assert b"Jobs:       2 running" in outcome.out
    assert service.monitoring.requests == [pb.EmptyRequest()]


async def test_status_of_some_kinds(rnx: Program, service: FakeService) -> None:
    """What is asked for is all that is asked of the server."""
    await rnx.run("monitor", "status", "--filter=cpu,memory", "--filter", "disk")

    (request,) = service.monitoring.requests
    assert request.metricTypes == ["cpu", "disk", "memory"]


async def test_top(rnx: Program, service: FakeService) -> None:
    """The first answer of a stream is shown; with an interval the second, which is of that time."""
    short = await rnx.run("monitor", "top")
    long = await rnx.run("monitor", "top", "--interval=3s")

    assert (short.code, long.code) == (0, 0)
    assert b" 12  99.5%  300 MiB" in short.out
    assert [request.intervalSeconds for request in service.monitoring.requests] == [1, 3]


async def test_a_stream_that_ends_too_early(rnx: Program, service: FakeService) -> None:
    """A server that ends its stream before the answer is an error in a line."""
    service.monitoring.answers = 1

    outcome = await rnx.run("monitor", "top", "--interval=1")

    assert (outcome.code, outcome.err) == (1, "Error: the server ended the stream of metrics\n")


@pytest.mark.parametrize("words", [["--json"], ["--output=json"], ["-o", "json"]])
async def test_json(rnx: Program, words: list[str]) -> None:
    """One object, with the API's names."""
    for verb in ("status", "top"):
        system = json.loads((await rnx.run("monitor", verb, *words)).out)

        assert system["cpu"]["userTime"] == 50.0
        assert system["processes"]["topByCPU"][0]["pid"] == 300
        assert system["jobs"][1]["outputRate"] == 100.0


async def test_watch_in_a_pipe(rnx: Program, service: FakeService) -> None:
    """One page after the other, to the end of the stream, and no control characters."""
    outcome = await rnx.run("monitor", "watch", "--interval=1", "--filter=cpu")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count(b"CPU     50.0% user") == 3
    assert b"\x1b" not in outcome.out
    assert service.monitoring.requests == [
        monitoring_pb2.StreamMetricsReq(intervalSeconds=1, metricTypes=["cpu"])
    ]


async def test_watch_as_json(rnx: Program) -> None:
    """One object a line."""
    lines = (await rnx.run("monitor", "watch", "--json")).out.splitlines()

    assert [json.loads(line)["timestamp"] for line in lines] == ["2024-01-15T12:00:00.000000Z"] * 3


@pytest.mark.parametrize(
    "words", [["top", "--filter=gpu"], ["watch", "--interval=0"], ["watch", "--interval=2h"], ["dance"], []]
)
async def test_wrong_usage(rnx: Program, service: FakeService, words: list[str]) -> None:
    """What is malformed is said to be, in a line, and nothing is asked."""
    outcome = await rnx.run("monitor", *words)

    assert outcome.code == 2
    assert service.monitoring.requests == []


async def test_stats(rnx: Program, service: FakeService) -> None:
    """Plots of CPU and memory, 80 columns wide in a pipe; as JSON the job and its samples."""
    service.add(BUSY)
    service.stats["1"] = [
        JobSample(STARTED_AT + timedelta(seconds=second), cpu_seconds=second / 2, memory_bytes=second << 20)
        for second in range(10)
    ]

    text = (await rnx.run("stats", "1")).out.decode().splitlines()
    fields = json.loads((await rnx.run("stats", "-o", "json", "1")).out)

    assert text[:3] == [
        "Job 1: make all",
        "RUNNING, 9s, 10 samples",
        "CPU: 4.50 s, on average 50% of a core, at most 50%, limit 100%",
    ]
    assert max(map(len, text)) == 80
    assert fields["job"]["id"] == "1"
    assert fields["samples"][1] == {
        "time": "2024-01-15T10:30:01.000000Z",
        "cpuSeconds": 0.5,
        "memoryBytes": 1 << 20,
        "readBytes": None,
        "writtenBytes": None,
        "logBytes": None,
    }


async def test_stats_as_a_table(rnx: Program, service: FakeService) -> None:
    """A line for each sample; what was not measured is empty."""
    service.add(BUSY)
    service.stats["1"] = [
        JobSample(STARTED_AT, cpu_seconds=0.0, log_bytes=0),
        JobSample(STARTED_AT + timedelta(seconds=1), cpu_seconds=0.5, memory_bytes=3 << 20, log_bytes=2048),
    ]

    assert (await rnx.run("stats", "-o", "table", "1")).out.decode().splitlines() == [
        "  CPU   MEMORY  READ  WRITTEN   OUTPUT  TIME",
        "0.00s                              0 B  2024-01-15T10:30:00Z",
        "0.50s  3.0 MiB                 2.0 KiB  2024-01-15T10:30:01Z",
    ]


async def test_stats_without_blocks(rnx: Program, service: FakeService) -> None:
    """Where stdout's encoding is ASCII, so is the plot."""
    service.add(BUSY)
    service.stats["1"] = [
        JobSample(STARTED_AT + timedelta(seconds=second), cpu_seconds=float(second)) for second in range(3)
    ]
    plain = Program("rnx", rnx.folder, variables={"PYTHONIOENCODING": "ascii"})

    outcome = await plain.run("stats", "1")

    assert outcome.code == 0
    assert outcome.out.isascii()
    assert b"#" in outcome.out


async def test_stats_of_no_job(rnx: Program) -> None:
    """A job that is not there is an error in a line."""
    outcome = await rnx.run("stats", "9")

    assert (outcome.code, outcome.err) == (1, "Error: job not found: 9\n")
