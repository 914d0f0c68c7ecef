"""spec.json: what was asked, by whom and when, as it lies in a job's directory.

The index can be rebuilt from these files, so they are read by every later
version: fields are added, never renamed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from joblet.job import Job, JobSpec
from joblet.limits import Limits


class SpecFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file's fields; times are RFC 3339 in UTC."""

    id: str
    command: str
    args: tuple[str, ...]
    cpu_percent: int
    memory_mb: int
    io_bps: int
    started_at: datetime
    owner: str = ""
    key: str = ""

    def to_job(self) -> Job:
        """Return the job as it was when it was accepted."""
        limits = Limits(cpu_percent=self.cpu_percent, memory_mb=self.memory_mb, io_bps=self.io_bps)
        return Job(
            id=self.id,
            spec=JobSpec(self.command, self.args, limits),
            started_at=self.started_at,
            owner=self.owner,
        )


def encode_spec(job: Job, key: str) -> bytes:
    """Return the text of a job's spec.json."""
    limits: dict[str, Any] = {
        "cpu_percent": job.spec.limits.cpu_percent,
        "memory_mb": job.spec.limits.memory_mb,
        "io_bps": job.spec.limits.io_bps,
    }
    spec = SpecFile(
        id=job.id,
        command=job.spec.command,
        args=job.spec.args,
        started_at=job.started_at,
        owner=job.owner,
        key=key,
        **limits,
    )
    return msgspec.json.format(msgspec.json.encode(spec), indent=2)


def decode_spec(text: bytes) -> SpecFile | None:
    """Return what a spec.json says, None if it is damaged."""
    try:
        return msgspec.json.decode(text, type=SpecFile)
    except msgspec.DecodeError:
        return None
