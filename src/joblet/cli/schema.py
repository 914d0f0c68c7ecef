"""Jobs as the JSON that `rnx --output json` prints: stable, see docs/reference/output.md. Pure.

The names are those of the API where it has one. What is not known is null, and
every field is always there; new ones may come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joblet.job import Ending, Job, Terminal, Usage

Fields = dict[str, Any]


def as_json(fields: Mapping[str, object]) -> str:
    """Return the text; ASCII, so that no control character of a job's reaches a terminal."""
    return json.dumps(fields, indent=2)


def job_fields(job: Job) -> Fields:
    """Return everything about a job, but its key and its environment, which may hold secrets."""
    spec = job.spec
    return {
        "id": job.id,
        "name": spec.name,
        "command": spec.command,
        "args": list(spec.args),
        "status": job.status.value,
        "exitCode": job.exit_code if job.ending else None,
        "startTime": time_field(job.started_at),
        "endTime": time_field(job.ended_at),
        "maxCPU": spec.limits.cpu_percent,
        "maxMemory": spec.limits.memory_mb,
        "maxIOBPS": spec.limits.io_bps,
        "workdir": spec.workdir,
        "timeoutSeconds": spec.timeout_seconds or None,
        "stopGraceSeconds": spec.stop_grace_seconds,
        "stdin": spec.stdin,
        "terminal": terminal_fields(spec.terminal) if spec.terminal else None,
        "owner": job.owner or None,
        "pid": job.pid or None,
        "ending": ending_fields(job) if job.ending else None,
        "usage": usage_fields(job.usage) if job.usage else None,
    }


def terminal_fields(terminal: Terminal) -> Fields:
    """Return the size of a job's terminal when it began."""
    return {"rows": terminal.rows, "columns": terminal.columns}


def ending_fields(job: Job) -> Fields:
    """Return how a job ended and what it used."""
    ending: Ending | None = job.ending
    assert ending is not None  # noqa: S101  the caller has looked
    return {
        "reason": ending.reason.value,
        "signal": ending.signal or None,
        "stoppedBy": job.stopped_by or None,
        "detail": ending.detail,
        "logBytes": ending.log_bytes,
        "droppedBytes": ending.dropped_bytes,
        **usage_fields(ending.usage),
    }


def usage_fields(usage: Usage) -> Fields:
    """Return what a job used."""
    return {
        "cpuSeconds": usage.cpu_seconds,
        "peakMemoryBytes": usage.peak_memory_bytes,
        "readBytes": usage.read_bytes,
        "writtenBytes": usage.written_bytes,
    }


def time_field(time: datetime | None) -> str | None:
    """Return a time in RFC 3339, to the microsecond and in UTC."""
    return f"{time:%Y-%m-%dT%H:%M:%S.%fZ}" if time else None
