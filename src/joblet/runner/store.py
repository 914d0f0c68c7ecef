"""The index of jobs, in SQLite: who asked for what, and what became of it.

A commit is durable when a call returns (WAL with `synchronous=FULL`: one
fdatasync each), so a job is accepted when `insert` has returned. All calls run
on one thread of their own: a slow disk delays the job that needs it, not the
event loop. The SQL is in `sql/`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from joblet.errors import StorageError
from joblet.job import Ending, Job, JobSpec, JobStatus, Reason, Usage
from joblet.limits import Limits
from joblet.runner.database import load_queries, open_database

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class Store:
    """The jobs of one state directory; an async context manager.

    Every method raises StorageError when SQLite cannot do it: the disk is
    full, read-only or failing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joblet-store")
        self._queries = load_queries()
        self._connection: sqlite3.Connection

    async def __aenter__(self) -> Self:
        try:
            self._connection = await self._run(lambda: open_database(self._path))
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._run(self._close)
        self._thread.shutdown()

    async def insert(self, spec: JobSpec, *, owner: str, key: str, at: datetime) -> tuple[Job, bool]:
        """Accept a job durably; return it and whether it is new.

        It is not if this owner has started a job with the same key before:
        then that job is returned, as it is now. An empty key matches nothing.
        """
        rows = await self._execute("insert_job", _row_from_spec(spec, owner, key, at) | {"id": None})
        if rows:
            return Job(id=str(rows[0]["id"]), spec=spec, started_at=at, owner=owner), True
        rows = await self._execute("get_job_by_key", {"owner": owner, "key": key})
        return _job_from_row(rows[0]), False

    async def restore(self, job: Job, *, key: str) -> None:
        """Put a job into the index that has only its directory left."""
        row = _row_from_spec(job.spec, job.owner, key, job.started_at)
        await self._execute("insert_job", row | {"id": int(job.id)})

    async def ids(self) -> set[int]:
        """Return the ids of all jobs."""
        return {row["id"] for row in await self._execute("all_ids")}

    async def update(self, job: Job) -> None:
        """Write what can change of a job."""
        await self._execute("update_job", _row_from_job(job))

    async def get(self, job_id: str) -> Job | None:
        """Return a job, None if no job has this id."""
        # Exactly the text of an id that was given: `01` and `+1` name no job.
        if not (job_id.isascii() and job_id.isdecimal() and len(job_id) < len(str(2**63))):
            return None
        if job_id.startswith("0"):
            return None
        rows = await self._execute("get_job", {"id": int(job_id)})
        return _job_from_row(rows[0]) if rows else None

    async def list(self) -> Sequence[Job]:
        """Return all jobs, oldest first."""
        return [_job_from_row(row) for row in await self._execute("list_jobs")]

    async def live(self) -> Sequence[Job]:
        """Return the jobs that have not ended, oldest first."""
        return [_job_from_row(row) for row in await self._execute("live_jobs")]

    async def reserve(self, job_id: int) -> None:
        """Never give this id or a lower one again."""
        await self._execute("raise_sequence", {"id": job_id})

    def _close(self) -> None:
        self._connection.close()

    async def _execute(self, query: str, row: dict[str, Any] | None = None) -> Sequence[sqlite3.Row]:
        return await self._run(lambda: self._connection.execute(self._queries[query], row or {}).fetchall())

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error


def _micros_from_time(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


def _time_from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def _row_from_spec(spec: JobSpec, owner: str, key: str, at: datetime) -> dict[str, Any]:
    return {
        "command": spec.command,
        "args": json.dumps(spec.args),
        "cpu_percent": spec.limits.cpu_percent,
        "memory_mb": spec.limits.memory_mb,
        "io_bps": spec.limits.io_bps,
        "owner": owner,
        "key": key or None,
        "started_at": _micros_from_time(at),
        "status": JobStatus.INITIALIZING,
    }


def _row_from_job(job: Job) -> dict[str, Any]:
    ending = job.ending
    usage = ending.usage if ending else None
    return {
        "id": int(job.id),
        "status": job.status,
        "pid": job.pid,
        "stopped_by": job.stopped_by,
        "ended_at": _micros_from_time(job.ended_at) if job.ended_at else None,
        "reason": ending and ending.reason,
        "exit_code": ending and ending.exit_code,
        "signal": ending and ending.signal,
        "detail": ending and ending.detail,
        "log_bytes": ending and ending.log_bytes,
        "dropped_bytes": ending and ending.dropped_bytes,
        "cpu_seconds": usage and usage.cpu_seconds,
        "peak_memory_bytes": usage and usage.peak_memory_bytes,
        "read_bytes": usage and usage.read_bytes,
        "written_bytes": usage and usage.written_bytes,
    }


def _job_from_row(row: sqlite3.Row) -> Job:
    spec = JobSpec(
        command=row["command"],
        args=tuple(json.loads(row["args"])),
        limits=Limits(cpu_percent=row["cpu_percent"], memory_mb=row["memory_mb"], io_bps=row["io_bps"]),
    )
    return Job(
        id=str(row["id"]),
        spec=spec,
        started_at=_time_from_micros(row["started_at"]),
        status=JobStatus(row["status"]),
        owner=row["owner"],
        pid=row["pid"],
        stopped_by=row["stopped_by"],
        ended_at=None if row["ended_at"] is None else _time_from_micros(row["ended_at"]),
        ending=None if row["reason"] is None else _ending_from_row(row),
    )


def _ending_from_row(row: sqlite3.Row) -> Ending:
    usage = Usage(
        cpu_seconds=row["cpu_seconds"],
        peak_memory_bytes=row["peak_memory_bytes"],
        read_bytes=row["read_bytes"],
        written_bytes=row["written_bytes"],
    )
    return Ending(
        reason=Reason(row["reason"]),
        exit_code=row["exit_code"],
        signal=row["signal"],
        detail=row["detail"],
        log_bytes=row["log_bytes"],
        dropped_bytes=row["dropped_bytes"],
        usage=usage,
    )
