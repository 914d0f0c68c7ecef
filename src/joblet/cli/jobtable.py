"""Jobs as a table.

A terminal gets one that fits it, with the status in colour (unless NO_COLOR says
otherwise, https://no-color.org) and times as they are told; a pipe gets it plain.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from joblet.cli.render import command_line, duration_text, printable, time_text, used
from joblet.cli.table import Column, lines_of

if TYPE_CHECKING:
    from joblet.job import Job, Usage

COLOURS = {"RUNNING": "36", "INITIALIZING": "36", "COMPLETED": "32", "FAILED": "31", "STOPPED": "33"}
"""Of each status: SGR codes (ECMA-48)."""


def show_table(columns: Sequence[Column]) -> None:
    """Show a table, as wide as the terminal if there is one."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    is_coloured = is_terminal and not os.environ.get("NO_COLOR")
    click.echo("\n".join(lines_of(columns, width, is_coloured=is_coloured)))


def show_job_table(jobs: Sequence[Job], *, is_wide: bool) -> None:
    """Show at least one job, one a line."""
    show_table(job_columns(jobs, is_wide=is_wide, is_terminal=sys.stdout.isatty()))


def job_columns(jobs: Sequence[Job], *, is_wide: bool, is_terminal: bool) -> list[Column]:
    """Return the columns of jobs; empty is what is not known."""
    now = datetime.now(UTC)
    columns = [
        Column("ID", [job.id for job in jobs], is_number=True),
        Column("STATUS", [job.status.value for job in jobs], colours=[COLOURS[job.status] for job in jobs]),
        Column("EXIT", [str(job.exit_code) if job.ending else "" for job in jobs], 2, is_number=True),
        Column("STARTED", [started_text(job, now, is_terminal=is_terminal) for job in jobs], 4),
        Column("TOOK", [duration_text(took_seconds(job, now)) for job in jobs], 3, is_number=True),
        Column("NAME", [printable(job.spec.name) for job in jobs], 1),
    ]
    if is_wide:
        columns += wide_columns(jobs)
    return [*columns, Column("COMMAND", [command_line(job) for job in jobs])]


def wide_columns(jobs: Sequence[Job]) -> list[Column]:
    """Return what only the wide table has."""
    limits = [job.spec.limits for job in jobs]
    return [
        Column("OWNER", [printable(job.owner) for job in jobs], 5),
        Column("REASON", [job.ending.reason.value if job.ending else "" for job in jobs], 6),
        Column("MAXCPU", [str(limit.cpu_percent) for limit in limits], 9, is_number=True),
        Column("MAXMEMORY", [str(limit.memory_mb) for limit in limits], 9, is_number=True),
        Column("CPU", [cpu_text(used(job)) for job in jobs], 7, is_number=True),
        Column("PEAK", [peak_text(used(job)) for job in jobs], 8, is_number=True),
    ]


def started_text(job: Job, now: datetime, *, is_terminal: bool) -> str:
    """Return when a job was accepted: for people how long ago, for programs the time."""
    if not is_terminal:
        return time_text(job.started_at)
    seconds = max(0, int((now - job.started_at).total_seconds()))
    for unit, unit_seconds in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds}{unit} ago"
    return f"{seconds}s ago"


def took_seconds(job: Job, now: datetime) -> float:
    """Return how long a job has run, in whole seconds once it is more than one."""
    seconds = max(0.0, ((job.ended_at or now) - job.started_at).total_seconds())
    return float(int(seconds)) if seconds >= 1 else seconds


def cpu_text(usage: Usage | None) -> str:
    """Return the CPU time that a job took, in the end or so far."""
    return "" if usage is None or usage.cpu_seconds is None else f"{usage.cpu_seconds:.2f}s"


def peak_text(usage: Usage | None) -> str:
    """Return the most memory that a job had, in the end or so far."""
    if usage is None or usage.peak_memory_bytes is None:
        return ""
    return f"{usage.peak_memory_bytes / 2**20:.1f}MiB"
