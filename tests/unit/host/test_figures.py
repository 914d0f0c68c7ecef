"""What two readings of the kernel's counters say: percentages, rates, the busiest."""

from __future__ import annotations

import os
from dataclasses import astuple, replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psutil._ntuples import sdiskio, snetio

from joblet.host.cpu import CpuTimes, cpu_metrics, read_cpu
from joblet.host.devices import io_metrics, is_disk
from joblet.host.networks import network_metrics
from joblet.host.processes import Process, process_metrics, read_processes

SECONDS = st.floats(0, 1e9)
TIMES = st.builds(CpuTimes, SECONDS, SECONDS, SECONDS, SECONDS, SECONDS)
IDLE = CpuTimes(user=10, system=5, idle=100, io_wait=3, steal=0)
QUIET = sdiskio(10, 20, 4096, 8192, 1, 2, 0, 0, 3)
MIB = 1 << 20


def carried(received: int, sent: int) -> snetio:
    return snetio(sent, received, 1, 1, 0, 0, 0, 0)


def process(pid: int, *, cpu: float = 0.0, memory: int = 0, status: str = "sleeping") -> Process:
    return Process(pid, 1, f"p{pid}", status, 1000.0 + pid, cpu, memory, threads=2)


def by_key(*processes: Process) -> dict[tuple[int, float], Process]:
    return {(each.pid, each.created): each for each in processes}


def test_cpu_is_split() -> None:
    """Two seconds of two processors: each part in percent of all of it, and each processor by itself."""
    busy = CpuTimes(user=11, system=5.5, idle=100.25, io_wait=3.25, steal=0)
    half = CpuTimes(user=10.5, system=5, idle=100.5, io_wait=3, steal=0)
    both = CpuTimes(user=11.5, system=5.5, idle=102.75, io_wait=3.25, steal=0)

    metrics = cpu_metrics((IDLE, [IDLE, IDLE]), (both, [busy, half]))

    assert metrics is not None
    assert metrics.cores == 2
    assert metrics.usage_percent == pytest.approx(40)
    split = (metrics.user_percent, metrics.system_percent, metrics.idle_percent, metrics.io_wait_percent)
    # 1.5 + 0.5 + 2.75 + 0.25 = 5 seconds
    assert split == pytest.approx((30, 10, 55, 5))
    assert metrics.per_core_percent == pytest.approx([75, 50])


@given(TIMES, TIMES)
def test_the_parts_are_the_whole(before: CpuTimes, after: CpuTimes) -> None:
    """Whatever the counters say, the parts add up to 100 %, and none is negative or more."""
    metrics = cpu_metrics((before, []), (after, []))

    if metrics is None:
        assert all(now <= then for then, now in zip(astuple(before), astuple(after), strict=True))
        return
    parts = [
        metrics.user_percent,
        metrics.system_percent,
        metrics.idle_percent,
        metrics.io_wait_percent,
        metrics.steal_percent,
    ]
    assert sum(parts) == pytest.approx(100)
    assert all(0 <= part <= 100 + 1e-9 for part in parts)
    assert metrics.usage_percent == pytest.approx(100 - metrics.idle_percent - metrics.io_wait_percent)


def test_no_time_is_no_measurement() -> None:
    """Between two looks within a tick of the kernel's clock nothing can be told, not 0 % either."""
    assert cpu_metrics((IDLE, [IDLE]), (IDLE, [IDLE])) is None


def test_the_kernel_s_times_are_read() -> None:
    """All of /proc/stat's first line is in the five parts, but the guests' time, which is in user's."""
    first = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]

    total, cores = read_cpu()

    ticks = os.sysconf("SC_CLK_TCK")
    assert total.total == pytest.approx(sum(first) / ticks, abs=5)
    assert len(cores) == psutil.cpu_count()


def test_disks_are_summed() -> None:
    """Rates are of the time between the readings, of all disks and of each; a new disk waits for the next."""
    busy = QUIET._replace(read_bytes=4096 + 2 * MIB, write_bytes=8192 + MIB, busy_time=503)

    metrics = io_metrics({"sda": QUIET, "sdb": QUIET}, {"sda": busy, "sdb": QUIET, "sdc": QUIET}, 2.0)

    assert metrics is not None
    assert (metrics.total_reads, metrics.total_writes) == (20, 40)
    assert (metrics.read_rate, metrics.write_rate) == (MIB, MIB / 2)
    assert {disk.device: disk.utilization_percent for disk in metrics.disk_io} == {"sda": 25.0, "sdb": 0}
    assert io_metrics({}, {}, 2.0) is None


def test_what_is_made_of_disks_is_none(tmp_path: Path) -> None:
    """A device with hardware below it is a disk; loop, device mapper and RAID are not."""
    (tmp_path / "sda/device").mkdir(parents=True)
    (tmp_path / "dm-0/slaves").mkdir(parents=True)

    assert is_disk(f"{tmp_path}/sda")
    assert not is_disk(f"{tmp_path}/dm-0")


def test_the_ten_busiest_interfaces() -> None:
    """Who carries most now comes first, then who has carried most; an eleventh is left out."""
    before = {f"eth{n}": carried(n, n) for n in range(12)}
    after = {**before, "eth3": carried(3003, 3)}

    found = network_metrics(before, after, 2.0)

    assert [network.interface for network in found] == [
        "eth3",
        *(f"eth{n}" for n in (11, 10, 9, 8, 7, 6, 5, 4, 2)),
    ]
    assert (found[0].receive_rate, found[0].transmit_rate, found[0].bytes_received) == (1500, 0, 3003)


def test_a_counter_that_was_set_back_counts_nothing() -> None:
    """An interface that was made anew in between has no negative rate."""
    (found,) = network_metrics({"eth0": carried(5000, 5000)}, {"eth0": carried(10, 20)}, 1.0)

    assert (found.receive_rate, found.transmit_rate) == (0, 0)


def test_processes_are_counted() -> None:
    """Each status is counted; a process that has begun in between used all that it has used."""
    me = os.getpid()
    before = by_key(process(1), process(2, cpu=1.0))
    after = by_key(
        process(1, status="idle"),
        process(2, cpu=2.0, status="running"),
        process(3, status="zombie"),
        process(4, status="tracing-stop"),
        replace(process(me, cpu=1.5, memory=MIB, status="disk-sleep")),
    )

    metrics = process_metrics(before, after, 2.0, total_memory_bytes=4 * MIB)

    assert (metrics.total_processes, metrics.running_processes, metrics.sleeping_processes) == (5, 1, 2)
    assert (metrics.stopped_processes, metrics.zombie_processes, metrics.total_threads) == (1, 1, 10)
    (use,) = [use for use in metrics.top_by_cpu if use.pid == me]
    assert (use.cpu_percent, use.memory_percent, use.memory_bytes) == (75.0, 25.0, MIB)
    assert metrics.top_by_memory[0] == use


def test_a_pid_that_was_reused_is_another_process() -> None:
    """What the process before it used is not taken off."""
    me = os.getpid()
    old, new = process(me, cpu=100.0), replace(process(me, cpu=1.0), created=5000.0)

    metrics = process_metrics(by_key(old), by_key(new), 1.0, total_memory_bytes=MIB)

    assert metrics.top_by_cpu[0].cpu_percent == 100.0


def test_this_process_is_found() -> None:
    """A walk over /proc has this process as /proc has it."""
    found = {each.pid: each for each in read_processes().values()}[os.getpid()]

    assert (found.ppid, found.name) == (os.getppid(), Path("/proc/self/comm").read_text().strip())
    assert found.memory_bytes > MIB
    assert found.cpu_seconds > 0
