"""MonitoringService through clients built from its table alone, checked against what /proc says."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from joblet import Client, JobSpec, Limits, Node
from joblet.errors import AccessDeniedError, InvalidRequestError, UnauthenticatedError
from joblet.metrics import JobMetrics, Kind, SystemMetrics
from joblet.testing.daemon import Daemon, running_daemon
from support.api import CLIENTS, Api, Connect, Fields, RefusedError, one

pytestmark = pytest.mark.isolation

MIB = 1 << 20
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
SPENDS = """
import mmap, os, sys, time
kept = bytearray(64 * 1048576)
disk = os.open('/work/data', os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600)
block = mmap.mmap(-1, 65536)
while True:
    began = time.monotonic()
    os.pwrite(disk, block, 0)
    sys.stdout.write("x" * 9999 + "\\n")
    sys.stdout.flush()
    while time.monotonic() - began < 0.1: pass
"""
"""Of one core all that it gets; 64 MiB; each tenth of a second 64 KiB to the disk and 10 kB of output."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running:
        yield running


@pytest.fixture(params=CLIENTS)
async def api(request: pytest.FixtureRequest, daemon: Daemon, tmp_path: Path) -> AsyncIterator[Api]:
    connect: Connect = request.param
    async with connect(daemon.node("viewer"), tmp_path) as client:
        yield client


def proc(path: str) -> dict[str, list[str]]:
    """Return a file of /proc as words by the first word of each line."""
    lines = Path("/proc", path).read_text().replace(":", " ").splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines if line.split()}


def number(value: Any) -> int:
    """Return a number, which JSON has as text if it is an int64."""
    return int(value)


async def test_the_host_is_described(api: Api) -> None:
    """Every field of HostInfo is filled, with what this host says of itself."""
    status = await one(api, "GetSystemStatus")
    host, kernel = status["host"], os.uname()

    assert status["available"] is True
    assert TIME.fullmatch(status["timestamp"])
    assert all(host.values())
    assert (host["hostname"], host["os"]) == (socket.gethostname(), "linux")
    assert (host["kernelVersion"], host["kernelArch"]) == (kernel.release, kernel.machine)
    assert number(host["cpuCount"]) == os.cpu_count()
    assert number(host["totalMemory"]) == int(proc("meminfo")["MemTotal"][0]) * 1024
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert abs(number(host["uptime"]) - uptime) < 5
    assert datetime.fromisoformat(host["bootTime"]).timestamp() == int(proc("stat")["btime"][0])
    release = Path("/etc/os-release").read_text()
    assert re.search(rf'^ID="?{host["platform"]}"?$', release, re.MULTILINE)
    # What nobody can know for certain without the network is absent.
    assert not status.get("cloud")


async def test_the_processors_are_described(api: Api) -> None:
    """The parts add up to 100 %; each core is there; the load is the kernel's."""
    cpu = (await one(api, "GetSystemStatus"))["cpu"]

    parts = [cpu[f"{part}Time"] for part in ("user", "system", "idle", "ioWait", "steal")]
    assert sum(parts) == pytest.approx(100)
    assert cpu["usagePercent"] == pytest.approx(100 - cpu["idleTime"] - cpu["ioWaitTime"])
    assert (
        number(cpu["cores"]) == len(cpu["perCoreUsage"]) == len(re.findall(r"cpu\d", " ".join(proc("stat"))))
    )
    assert all(0 <= core <= 100 for core in cpu["perCoreUsage"])
    load = [float(word) for word in Path("/proc/loadavg").read_text().split()[:3]]
    assert cpu["loadAverage"] == pytest.approx(load, abs=0.5)


async def test_the_memory_is_described(api: Api) -> None:
    """Each number is that of /proc/meminfo, as far as it holds still."""
    memory, kernel = (await one(api, "GetSystemStatus"))["memory"], proc("meminfo")

    for field, name in (
        ("totalBytes", "MemTotal"),
        ("freeBytes", "MemFree"),
        ("availableBytes", "MemAvailable"),
        ("bufferedBytes", "Buffers"),
        ("swapTotal", "SwapTotal"),
        ("swapFree", "SwapFree"),
    ):
        assert number(memory[field]) == pytest.approx(int(kernel[name][0]) * 1024, abs=512 * MIB)
    assert number(memory["cachedBytes"]) >= int(kernel["Cached"][0]) * 1024 - 512 * MIB
    assert 0 < number(memory["usedBytes"]) < number(memory["totalBytes"])
    assert number(memory["swapUsed"]) == number(memory["swapTotal"]) - number(memory["swapFree"])
    assert 0 < memory["usagePercent"] < 100


async def test_the_filesystems_are_described(api: Api) -> None:
    """Each is mounted on a device, and is as full as statvfs says."""
    disks = (await one(api, "GetSystemStatus"))["disks"]
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]

    assert len({disk["device"] for disk in disks}) == len(disks)
    for disk in disks:
        found = os.statvfs(disk["mountPoint"])
        assert [disk["device"], disk["mountPoint"], disk["filesystem"]] in [mount[:3] for mount in mounts]
        assert number(disk["totalBytes"]) == found.f_blocks * found.f_frsize
        assert number(disk["freeBytes"]) == pytest.approx(found.f_bavail * found.f_frsize, abs=1024 * MIB)
        assert 0 < number(disk["usedBytes"]) < number(disk["totalBytes"])
        assert 0 < disk["usagePercent"] <= 100
        assert number(disk["inodesTotal"]) == found.f_files
        assert number(disk["inodesUsed"]) + number(disk["inodesFree"]) == found.f_files
        assert 0 <= disk["inodesUsagePercent"] <= 100


async def test_the_interfaces_are_described(api: Api) -> None:
    """At most ten, each with the counters of /proc/net/dev, which only grow."""
    before = proc("net/dev")
    networks = (await one(api, "GetSystemStatus"))["networks"]
    after = proc("net/dev")

    assert 1 <= len(networks) <= 10
    received = ("bytesReceived", "packetsReceived", "errorsIn", "dropsIn")
    sent = ("bytesSent", "packetsSent", "errorsOut", "dropsOut")
    for network in networks:
        name = network["interface"]
        for field, column in zip((*received, *sent), (0, 1, 2, 3, 8, 9, 10, 11), strict=True):
            assert int(before[name][column]) <= number(network[field]) <= int(after[name][column])
        assert network["receiveRate"] >= 0
        assert network["transmitRate"] >= 0


async def test_the_disks_are_described(api: Api) -> None:
    """Each disk has the counters of /proc/diskstats, which only grow; the sums are sums."""
    before = {line.split()[2]: line.split()[3:] for line in Path("/proc/diskstats").read_text().splitlines()}
    io = (await one(api, "GetSystemStatus"))["io"]
    after = {line.split()[2]: line.split()[3:] for line in Path("/proc/diskstats").read_text().splitlines()}

    for disk in io["diskIO"]:
        columns = {"readsCompleted": 0, "readTime": 3, "writesCompleted": 4, "writeTime": 7, "ioTime": 9}
        for field, column in columns.items():
            name = disk["device"]
            assert int(before[name][column]) <= number(disk[field]) <= int(after[name][column])
        assert 0 <= disk["utilization"] <= 100
    assert number(io["readBytes"]) == sum(number(disk["readBytes"]) for disk in io["diskIO"]) > 0
    assert number(io["writeBytes"]) == sum(number(disk["writeBytes"]) for disk in io["diskIO"]) > 0
    assert number(io["totalReads"]) == sum(number(disk["readsCompleted"]) for disk in io["diskIO"])
    assert number(io["totalWrites"]) == sum(number(disk["writesCompleted"]) for disk in io["diskIO"])
    assert io["readRate"] >= 0
    assert io["writeRate"] >= 0


async def test_the_processes_are_described(api: Api, daemon: Daemon) -> None:
    """The counts are of /proc; the busiest come first; each field of a process is its own."""
    processes = (await one(api, "GetSystemStatus"))["processes"]

    there = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    assert number(processes["totalProcesses"]) == pytest.approx(len(there), abs=50)
    assert number(processes["totalThreads"]) >= number(processes["totalProcesses"])
    kinds = ("running", "sleeping", "stopped", "zombie")
    assert sum(number(processes[f"{kind}Processes"]) for kind in kinds) <= number(processes["totalProcesses"])
    for key, field in (("topByCPU", "cpuPercent"), ("topByMemory", "memoryBytes")):
        uses = [float(use[field]) for use in processes[key]]
        assert 1 <= len(uses) <= 10
        assert uses == sorted(uses, reverse=True)
    (use,) = [use for use in processes["topByMemory"] if number(use["pid"]) == daemon.process.pid]
    assert number(use["ppid"]) == os.getpid()
    comm = Path(f"/proc/{daemon.process.pid}/comm").read_text().strip()
    assert (use["name"], use["user"]) == (comm, "root")
    assert "serve --config" in use["command"]
    assert use["status"] in {"running", "sleeping", "disk-sleep"}
    assert 0 < use["memoryPercent"] < 100
    assert number(use["memoryBytes"]) > MIB
    began = datetime.fromisoformat(use["startTime"])
    assert 0 <= (datetime.now(UTC) - began).total_seconds() < 3600


async def test_a_stream_has_what_was_asked_for(api: Api) -> None:
    """Its messages have the host, the types that were asked for, and no others."""
    everything = await api.first("StreamSystemMetrics", intervalSeconds=1)
    some = await api.first("StreamSystemMetrics", intervalSeconds=1, metricTypes=["cpu", "network"])

    for part in ("host", "cpu", "memory", "disks", "networks", "io", "processes"):
        assert everything[part]
    assert some["host"]
    assert some["cpu"]
    assert some["networks"]
    assert not any(some.get(part) for part in ("memory", "disks", "io", "processes", "cloud"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"metricTypes": ["cpu", "gpu"]},
            "unknown metric type: 'gpu' (expected some of cpu, memory, disk, network, io, process, job)",
        ),
        ({"intervalSeconds": -1}, "invalid interval: expected 1 to 3600 s, or 0 for 5 s, got -1"),
    ],
)
async def test_a_bad_request_is_refused(api: Api, fields: Fields, message: str) -> None:
    """What makes no sense is INVALID_ARGUMENT, and the message says what would."""
    with pytest.raises(RefusedError) as caught:
        await api.first("StreamSystemMetrics", **fields)

    assert (caught.value.code, caught.value.message) == ("INVALID_ARGUMENT", message)


async def test_who_may_look(daemon: Daemon) -> None:
    """Viewers and admins; nobody without a role."""
    async with Client(daemon.node("viewer")) as viewer, Client(daemon.node("admin")) as admin:
        assert (await viewer.system()).cpu
        assert (await admin.system()).cpu
    async with Client(daemon.node("nobody")) as stranger:
        with pytest.raises((UnauthenticatedError, AccessDeniedError)):
            await stranger.system()


async def watched(node: Node, job_id: str, answers: int) -> list[JobMetrics]:
    """Return what the first answers of a stream say of a job."""
    found = []
    async with Client(node) as client, aclosing(client.watch_system(1, [Kind.JOB])) as stream:
        async for system in stream:
            found += [job for job in system.jobs if job.id == job_id]
            if len(found) == answers:
                break
    return found


async def test_a_job_is_seen_at_work(daemon: Daemon) -> None:
    """Its processor, memory, disk and output are told, about as much as it uses, while it runs."""
    limits = Limits(cpu_percent=50, memory_mb=256, io_bps=100 * MIB)
    async with Client(daemon.node()) as client:
        spec = JobSpec("/usr/bin/python3", ("-c", SPENDS), limits, name="busy")
        job = await client.start(spec)
        seen = (await watched(daemon.node("viewer"), job.id, 3))[-1]
        await client.stop(job.id)
        after: SystemMetrics = await client.system()

    assert (seen.name, seen.started_at, seen.memory_limit_bytes) == ("busy", job.started_at, 256 * MIB)
    assert seen.command.startswith("/usr/bin/python3 -c")
    assert 25 < (seen.cpu_percent or 0) < 60
    assert 64 * MIB < (seen.memory_bytes or 0) < 100 * MIB
    assert 200_000 < (seen.write_rate or 0) < 1_000_000
    assert 30_000 < (seen.output_rate or 0) < 150_000
    assert after.jobs == []


async def test_a_stream_goes_on_until_it_is_left(daemon: Daemon) -> None:
    """Answers come about a second apart, as asked; a bad interval is an error of its type."""
    async with Client(daemon.node()) as client:
        times = []
        async with aclosing(client.watch_system(1, [Kind.MEMORY])) as stream:
            async for system in stream:
                times.append(system.at)
                if len(times) == 3:
                    break
        with pytest.raises(InvalidRequestError, match="invalid interval"):
            await anext(client.watch_system(-5))

    assert 0.5 < (times[2] - times[1]).total_seconds() < 3
