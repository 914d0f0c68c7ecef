"""Any host there can be, as hypothesis strategies; and one that every page of it is compared with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from joblet.metrics import (
    CpuMetrics,
    DiskMetrics,
    HostFacts,
    IoMetrics,
    JobMetrics,
    MemoryMetrics,
    NetworkMetrics,
    ProcessMetrics,
    ProcessUse,
    SystemMetrics,
)
from support.jobs import TIMES

NOON = datetime(2024, 1, 15, 12, 0, 0, tzinfo=UTC)
MIB = 1 << 20
GIB = 1 << 30

OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, 2**31 - 1),
    float: st.floats(0, 1e12),
    str: st.text(),
    datetime: TIMES,
}


def values(value_type: type) -> st.SearchStrategy[Any]:
    """Return any value of a type, by the types of its attributes."""
    return st.builds(value_type, **{name: of(hint) for name, hint in get_type_hints(value_type).items()})


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Return any attribute of a type."""
    if hint in OF_TYPE:
        return OF_TYPE[hint]
    if not get_args(hint):
        return values(hint)
    inner = next(each for each in get_args(hint) if each is not type(None))
    return st.lists(of(inner), max_size=3) if type(None) not in get_args(hint) else st.none() | of(inner)


def process(pid: int, command: str, cpu: float) -> ProcessUse:
    return ProcessUse(
        pid=pid,
        ppid=1,
        name=command.split(maxsplit=1)[0],
        command=command,
        cpu_percent=cpu,
        memory_percent=1.0,
        memory_bytes=pid * MIB,
        status="running",
        started_at=NOON,
        user="nobody",
    )


PROCESSES = [process(300 - number, f"program-{number} with arguments", 90.0 - number) for number in range(10)]
SYSTEM = SystemMetrics(
    at=NOON,
    host=HostFacts(
        hostname="box",
        os="linux",
        platform="debian",
        platform_family="debian",
        platform_version="12",
        kernel_version="6.1.0",
        kernel_arch="x86_64",
        architecture="amd64",
        cpu_count=2,
        total_memory_bytes=8 * GIB,
        booted_at=NOON.replace(day=12),
        uptime_seconds=3 * 86400,
    ),
    cpu=CpuMetrics(
        cores=2,
        usage_percent=62.5,
        user_percent=50.0,
        system_percent=12.5,
        idle_percent=30.0,
        io_wait_percent=7.5,
        steal_percent=0.0,
        load_average=[0.5, 1.25, 2.0],
        per_core_percent=[100.0, 25.0],
    ),
    memory=MemoryMetrics(
        total_bytes=8 * GIB,
        used_bytes=2 * GIB,
        free_bytes=GIB,
        available_bytes=6 * GIB,
        usage_percent=25.0,
        cached_bytes=5 * GIB,
        buffered_bytes=MIB,
        swap_total_bytes=0,
        swap_used_bytes=0,
        swap_free_bytes=0,
    ),
    disks=[
        DiskMetrics(
            device="/dev/vda1",
            mount_point="/",
            filesystem="ext4",
            total_bytes=100 * GIB,
            used_bytes=25 * GIB,
            free_bytes=75 * GIB,
            usage_percent=25.0,
            inodes_total=1000,
            inodes_used=100,
            inodes_free=900,
            inodes_usage_percent=10.0,
        )
    ],
    networks=[
        NetworkMetrics(
            interface="eth0",
            bytes_received=10 * GIB,
            bytes_sent=GIB,
            packets_received=100,
            packets_sent=10,
            errors_in=0,
            errors_out=0,
            drops_in=3,
            drops_out=0,
            receive_rate=2.5 * MIB,
            transmit_rate=512.0,
        )
    ],
    io=IoMetrics(
        total_reads=1,
        total_writes=2,
        read_bytes=GIB,
        write_bytes=GIB,
        read_rate=0.0,
        write_rate=1.5 * MIB,
        disk_io=[],
    ),
    processes=ProcessMetrics(
        total_processes=120,
        running_processes=2,
        sleeping_processes=117,
        stopped_processes=0,
        zombie_processes=1,
        total_threads=300,
        top_by_cpu=PROCESSES,
        top_by_memory=PROCESSES,
    ),
    jobs=[
        JobMetrics(id="7", name="nightly", command="make \x1b[2Jall", started_at=NOON),
        JobMetrics(
            id="12",
            name="",
            command="python3 train.py",
            started_at=NOON,
            cpu_percent=99.5,
            memory_bytes=300 * MIB,
            memory_limit_bytes=512 * MIB,
            read_rate=0.0,
            write_rate=2.0 * MIB,
            output_rate=100.0,
        ),
    ],
)
"""With every kind of figure; one of its jobs has just begun."""
