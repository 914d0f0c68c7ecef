"""What was measured: of a job over its life, and of the host and everything on it at one moment. Pure.

Not: how it is measured (`linux/`, `host/`), or shown. Three rules:

* Bytes, seconds and percent, never another unit. A rate is per second.
* None, or an empty sequence, is "not measured"; 0 is a measurement.
* What the API calls by another name than the attribute's own in camelCase is
  in `API_NAMES`, for the wire and for JSON alike.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType


class Kind(enum.StrEnum):
    """What of a host can be asked for; the values are the API's metric types, and `job` is ours."""

    #: where the time of the processors goes
    CPU = "cpu"
    #: memory and swap
    MEMORY = "memory"
    #: how full the filesystems are
    DISK = "disk"
    #: the ten busiest interfaces
    NETWORK = "network"
    #: what the disks read and write
    IO = "io"
    #: how many processes there are, and the busiest
    PROCESS = "process"
    #: the running jobs
    JOB = "job"


ALL_KINDS = frozenset(Kind)

LONGEST_COMMAND = 1024
"""How many characters of a command line are told: it may have two million."""


@dataclass(frozen=True, slots=True)
class JobSample:
    """What a job had used at one moment of its life, by the kernel's counters.

    `memory_bytes` is what it had at that moment, the page cache of its files
    included; everything else counts from its start.
    """

    at: datetime
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    log_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What a host is; `uptime_seconds` counts the time that it was suspended."""

    hostname: str
    os: str
    platform: str
    platform_family: str
    platform_version: str
    kernel_version: str
    kernel_arch: str
    architecture: str
    cpu_count: int
    total_memory_bytes: int
    booted_at: datetime
    uptime_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuMetrics:
    """Where the time of all cores together went; the five parts of `usage_percent` and idle add up to 100.

    `usage_percent` is what was neither idle nor waiting for I/O. `user_percent`
    includes nice, `system_percent` interrupts: proc_stat(5).
    """

    cores: int
    usage_percent: float
    user_percent: float
    system_percent: float
    idle_percent: float
    io_wait_percent: float
    steal_percent: float
    load_average: Sequence[float]
    per_core_percent: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryMetrics:
    """The memory of a host: proc_meminfo(5)."""

    total_bytes: int
    used_bytes: int
    free_bytes: int
    available_bytes: int
    usage_percent: float
    cached_bytes: int
    buffered_bytes: int
    swap_total_bytes: int
    swap_used_bytes: int
    swap_free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskMetrics:
    """A mounted filesystem; `inodes_total` is 0 where the filesystem has no fixed number."""

    device: str
    mount_point: str
    filesystem: str
    total_bytes: int
    used_bytes: int
    free_bytes: int
    usage_percent: float
    inodes_total: int
    inodes_used: int
    inodes_free: int
    inodes_usage_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkMetrics:
    """A network interface: what it carried since it is there, and carries now."""

    interface: str
    bytes_received: int
    bytes_sent: int
    packets_received: int
    packets_sent: int
    errors_in: int
    errors_out: int
    drops_in: int
    drops_out: int
    receive_rate: float
    transmit_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceIoMetrics:
    """A disk; times are in milliseconds, as the kernel counts them."""

    device: str
    reads_completed: int
    writes_completed: int
    read_bytes: int
    write_bytes: int
    read_time_ms: int
    write_time_ms: int
    io_time_ms: int
    utilization_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IoMetrics:
    """All disks together, and each of them."""

    total_reads: int
    total_writes: int
    read_bytes: int
    write_bytes: int
    read_rate: float
    write_rate: float
    disk_io: Sequence[DeviceIoMetrics]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUse:
    """A process; `cpu_percent` is of one core."""

    pid: int
    ppid: int
    name: str
    command: str
    cpu_percent: float
    memory_percent: float
    memory_bytes: int
    status: str
    started_at: datetime
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMetrics:
    """How many processes there are, and the ten that use most."""

    total_processes: int
    running_processes: int
    sleeping_processes: int
    stopped_processes: int
    zombie_processes: int
    total_threads: int
    top_by_cpu: Sequence[ProcessUse]
    top_by_memory: Sequence[ProcessUse]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMetrics:
    """A running job; `cpu_percent` is of one core. A job that has just begun has no rates yet."""

    id: str
    name: str
    command: str
    started_at: datetime
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    read_rate: float | None = None
    write_rate: float | None = None
    output_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMetrics:
    """A host at one moment: what was asked for and could be measured."""

    at: datetime
    host: HostFacts | None = None
    cpu: CpuMetrics | None = None
    memory: MemoryMetrics | None = None
    disks: Sequence[DiskMetrics] = ()
    networks: Sequence[NetworkMetrics] = ()
    io: IoMetrics | None = None
    processes: ProcessMetrics | None = None
    jobs: Sequence[JobMetrics] = ()


API_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "at": "timestamp",
        "booted_at": "bootTime",
        "started_at": "startTime",
        "total_memory_bytes": "totalMemory",
        "uptime_seconds": "uptime",
        "user_percent": "userTime",
        "system_percent": "systemTime",
        "idle_percent": "idleTime",
        "io_wait_percent": "ioWaitTime",
        "steal_percent": "stealTime",
        "per_core_percent": "perCoreUsage",
        "swap_total_bytes": "swapTotal",
        "swap_used_bytes": "swapUsed",
        "swap_free_bytes": "swapFree",
        "read_time_ms": "readTime",
        "write_time_ms": "writeTime",
        "io_time_ms": "ioTime",
        "utilization_percent": "utilization",
        "disk_io": "diskIO",
        "top_by_cpu": "topByCPU",
    }
)
"""The API's names that are not the attribute's in camelCase."""


def api_name(attribute: str) -> str:
    """Return what the API calls an attribute of these values."""
    return API_NAMES.get(attribute) or re.sub(r"_(\w)", lambda found: found[1].upper(), attribute)
