"""A host's metrics as text: a page of facts, and what is busiest. Pure.

In a terminal no line is wider than it, and with a height no page is higher:
the tables get shorter, the longest first. A pipe gets everything.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from joblet.cli.figures import age_text, bytes_text, percent_text, rate_text
from joblet.cli.render import printable, time_text
from joblet.cli.table import Column, lines_of

if TYPE_CHECKING:
    from joblet.metrics import JobMetrics, NetworkMetrics, ProcessUse, SystemMetrics

LABEL_WIDTH = 11
INDENT = "    "
LEAST_TABLE_LINES = 3
"""An empty one, a heading and a row: dearer than the end of what is above the tables."""


def status_page(system: SystemMetrics, width: int | None, *, has_jobs: bool = True) -> list[str]:
    """Return the facts, a label before each; of jobs only if they were asked for."""
    told = [*facts(system), *([("Jobs", f"{len(system.jobs) or 'none'} running")] if has_jobs else [])]
    return [line for label, fact in told for line in wrapped(f"{label + ':':<{LABEL_WIDTH}} {fact}", width)]


def wrapped(line: str, width: int | None) -> list[str]:
    """Return a line, as several where the terminal is too narrow for it.

    Whoever named a disk or a host must not move the cursor.
    """
    line = printable(line)
    return [line] if width is None else textwrap.wrap(line, width, subsequent_indent=INDENT)


def facts(system: SystemMetrics) -> Iterator[tuple[str, str]]:
    """Yield what is known, with a label each."""
    if host := system.host:
        name = f"{host.platform} {host.platform_version}"
        yield (
            "Host",
            f"{host.hostname} ({name}, {host.os} {host.kernel_version}, {host.kernel_arch})",
        )
        yield "Up", f"{age_text(host.uptime_seconds)}, since {time_text(host.booted_at)}"
    if cpu := system.cpu:
        load = " ".join(f"{each:.2f}" for each in cpu.load_average)
        yield "CPU", f"{cpu.cores} cores, {percent_text(cpu.usage_percent)} used, load {load}"
    if memory := system.memory:
        used, total = bytes_text(memory.used_bytes), bytes_text(memory.total_bytes)
        yield "Memory", f"{used} of {total} used, {bytes_text(memory.available_bytes)} available"
        swap = f"{bytes_text(memory.swap_used_bytes)} of {bytes_text(memory.swap_total_bytes)} used"
        yield "Swap", swap if memory.swap_total_bytes else "none"
    for disk in system.disks:
        used, total = bytes_text(disk.used_bytes), bytes_text(disk.total_bytes)
        where = f"{disk.mount_point}, {disk.device}, {disk.filesystem}"
        inodes = f", {percent_text(disk.inodes_usage_percent)} of inodes" if disk.inodes_total else ""
        yield "Disk", f"{used} of {total} used ({percent_text(disk.usage_percent)}{inodes}): {where}"
    if io := system.io:
        yield "I/O", f"{rate_text(io.read_rate)} read, {rate_text(io.write_rate)} written"
    for network in system.networks:
        rates = f"{rate_text(network.receive_rate)} received, {rate_text(network.transmit_rate)} sent"
        yield "Network", f"{network.interface}: {rates}"
    if processes := system.processes:
        counts = f"{processes.running_processes} running, {processes.zombie_processes} zombies"
        yield "Processes", f"{processes.total_processes} ({counts}), {processes.total_threads} threads"


def top_page(system: SystemMetrics, width: int | None, height: int | None = None) -> list[str]:
    """Return what the host does now, then its running jobs, busiest processes and interfaces."""
    head = [line for whole in head_lines(system) for line in wrapped(whole, width)]
    tables = [
        job_columns(system.jobs),
        process_columns(system.processes.top_by_cpu if system.processes else ()),
        network_columns(system.networks),
    ]
    shown = [table for table in tables if table[0].cells]
    rows = [len(table[0].cells) for table in shown]
    if height is not None:
        head = head[: max(1, height - LEAST_TABLE_LINES * len(shown))]
        rows = shortened(rows, height - len(head) - 2 * len(rows))
    page = list(head)
    for table, count in zip(shown, rows, strict=True):
        page += ["", *lines_of(first_rows(table, count), width)]
    return page[:height]


def head_lines(system: SystemMetrics) -> Iterator[str]:
    """Yield what there is no table of."""
    if host := system.host:
        yield f"{time_text(system.at)}  {host.hostname}  up {age_text(host.uptime_seconds)}"
    if cpu := system.cpu:
        yield (
            f"CPU     {percent_text(cpu.user_percent)} user  {percent_text(cpu.system_percent)} system  "
            f"{percent_text(cpu.idle_percent)} idle  {percent_text(cpu.io_wait_percent)} I/O wait  "
            f"{percent_text(cpu.steal_percent)} stolen"
        )
        yield f"Load    {'  '.join(f'{load:.2f}' for load in cpu.load_average)}  on {cpu.cores} cores"
    if memory := system.memory:
        used, total = bytes_text(memory.used_bytes), bytes_text(memory.total_bytes)
        yield f"Memory  {used} of {total} used  {bytes_text(memory.available_bytes)} available"
    if io := system.io:
        yield f"I/O     {rate_text(io.read_rate)} read  {rate_text(io.write_rate)} written"


def job_columns(jobs: Sequence[JobMetrics]) -> list[Column]:
    """Return the columns of running jobs, those that use most processor first."""
    jobs = sorted(jobs, key=lambda job: job.cpu_percent or 0.0, reverse=True)
    return [
        Column("JOB", [printable(job.id) for job in jobs], is_number=True),
        Column("CPU", [percent_text(job.cpu_percent) for job in jobs], is_number=True),
        Column("MEMORY", [bytes_text(job.memory_bytes) for job in jobs], 1, is_number=True),
        Column("LIMIT", [bytes_text(job.memory_limit_bytes) for job in jobs], 5, is_number=True),
        Column("READ", [rate_text(job.read_rate) for job in jobs], 4, is_number=True),
        Column("WRITTEN", [rate_text(job.write_rate) for job in jobs], 3, is_number=True),
        Column("OUTPUT", [rate_text(job.output_rate) for job in jobs], 2, is_number=True),
        Column("NAME", [printable(job.name) for job in jobs], 6),
        Column("COMMAND", [printable(job.command) for job in jobs]),
    ]


def process_columns(processes: Sequence[ProcessUse]) -> list[Column]:
    """Return the columns of processes, in their order."""
    return [
        Column("PID", [str(each.pid) for each in processes], is_number=True),
        Column("CPU", [percent_text(each.cpu_percent) for each in processes], is_number=True),
        Column("MEMORY", [bytes_text(each.memory_bytes) for each in processes], 1, is_number=True),
        Column("USER", [printable(each.user) for each in processes], 2),
        Column("STATUS", [printable(each.status) for each in processes], 3),
        Column("COMMAND", [printable(each.command) for each in processes]),
    ]


def network_columns(networks: Sequence[NetworkMetrics]) -> list[Column]:
    """Return the columns of interfaces, in their order."""
    lost = [each.errors_in + each.errors_out + each.drops_in + each.drops_out for each in networks]
    return [
        Column("RECEIVED", [rate_text(each.receive_rate) for each in networks], is_number=True),
        Column("SENT", [rate_text(each.transmit_rate) for each in networks], 1, is_number=True),
        Column("LOST", [str(count) for count in lost], 2, is_number=True),
        Column("INTERFACE", [printable(each.interface) for each in networks]),
    ]


def shortened(rows: Sequence[int], room: int) -> list[int]:
    """Return how many rows of each table there is room for; the longest lose theirs first, none its last."""
    rows = list(rows)
    while sum(rows) > room and max(rows, default=0) > 1:
        rows[rows.index(max(rows))] -= 1
    return rows


def first_rows(columns: Sequence[Column], count: int) -> list[Column]:
    """Return a table's first rows."""
    return [Column(each.heading, each.cells[:count], each.rank, each.is_number) for each in columns]
