"""The processes of this host, and which of them use most: proc_pid_stat(5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from typing import Any

import psutil

from joblet.host.rates import percent, rate
from joblet.metrics import LONGEST_COMMAND, ProcessMetrics, ProcessUse

MOST_PROCESSES = 10
ATTRIBUTES = ["pid", "ppid", "name", "status", "cpu_times", "memory_info", "num_threads", "create_time"]
"""About 60 µs a process; what only the busiest are asked for costs as much again."""

SLEEPING = frozenset({psutil.STATUS_SLEEPING, psutil.STATUS_DISK_SLEEP, psutil.STATUS_IDLE})
STOPPED = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP})


@dataclass(frozen=True, slots=True)
class Process:
    """A process when it was looked at; pid and `created` together are its identity."""

    pid: int
    ppid: int
    name: str
    status: str
    created: float
    cpu_seconds: float
    memory_bytes: int
    threads: int


Processes = Mapping[tuple[int, float], Process]
"""Processes by pid and creation."""


def read_processes() -> Processes:
    """Return all processes; one that ends meanwhile is left out."""
    found = [process_from(process.info) for process in psutil.process_iter(ATTRIBUTES)]
    return {(process.pid, process.created): process for process in found if process}


def process_from(info: Mapping[str, Any]) -> Process | None:
    """Return a process from psutil's attributes, None if one of them could not be read."""
    if any(info[name] is None for name in ATTRIBUTES):
        return None
    return Process(
        pid=info["pid"],
        ppid=info["ppid"],
        name=info["name"],
        status=info["status"],
        created=info["create_time"],
        cpu_seconds=info["cpu_times"].user + info["cpu_times"].system,
        memory_bytes=info["memory_info"].rss,
        threads=info["num_threads"],
    )


def process_metrics(
    before: Processes, after: Processes, seconds: float, *, total_memory_bytes: int
) -> ProcessMetrics:
    """Return how many processes there are, and those that used most between two readings."""
    statuses = [process.status for process in after.values()]
    cpu = {key: cpu_percent(before.get(key), process, seconds) for key, process in after.items()}
    by_cpu = nlargest(MOST_PROCESSES, after.values(), key=lambda each: cpu[each.pid, each.created])
    by_memory = nlargest(MOST_PROCESSES, after.values(), key=lambda each: each.memory_bytes)
    details = read_details({process.pid for process in (*by_cpu, *by_memory)})

    def uses(processes: Iterable[Process]) -> Sequence[ProcessUse]:
        return [
            process_use(each, cpu[each.pid, each.created], details[each.pid], total_memory_bytes)
            for each in processes
            if each.pid in details
        ]

    return ProcessMetrics(
        total_processes=len(after),
        running_processes=statuses.count(psutil.STATUS_RUNNING),
        sleeping_processes=sum(status in SLEEPING for status in statuses),
        stopped_processes=sum(status in STOPPED for status in statuses),
        zombie_processes=statuses.count(psutil.STATUS_ZOMBIE),
        total_threads=sum(process.threads for process in after.values()),
        top_by_cpu=uses(by_cpu),
        top_by_memory=uses(by_memory),
    )


def cpu_percent(before: Process | None, after: Process, seconds: float) -> float:
    """Return how much of one core a process used; one that was not there before has begun since."""
    return 100.0 * rate(before.cpu_seconds if before else 0.0, after.cpu_seconds, seconds)


def process_use(
    process: Process, cpu: float, details: tuple[str, str], total_memory_bytes: int
) -> ProcessUse:
    """Return what is told of one of the busiest."""
    command, user = details
    return ProcessUse(
        pid=process.pid,
        ppid=process.ppid,
        name=process.name,
        # Empty of a kernel thread, and of one that has overwritten it: then as ps(1) has it.
        command=command[:LONGEST_COMMAND] or f"[{process.name}]",
        cpu_percent=cpu,
        memory_percent=percent(process.memory_bytes, total_memory_bytes),
        memory_bytes=process.memory_bytes,
        status=process.status,
        started_at=datetime.fromtimestamp(process.created, UTC),
        user=user,
    )


def read_details(pids: Iterable[int]) -> Mapping[int, tuple[str, str]]:
    """Return command lines and users of these processes; those that have ended are left out."""
    details = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                details[pid] = (" ".join(process.cmdline()), process.username())
        except psutil.Error:
            continue
    return details
