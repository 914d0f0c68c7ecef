"""The index of jobs, in SQLite: who asked for what, and what became of it.

A job is durably accepted when `insert` has returned: its commit is synced (WAL
with `synchronous=FULL`, one fdatasync). Nothing else needs to be: what a power
cut takes from the index is in the exit record, which the shim has synced, and
restore reads it again. All calls run on one thread of their own: a slow disk
delays the job that needs it, not the event loop. The SQL is in `sql/`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from joblet.config import RetentionConfig
from joblet.errors import StorageError
from joblet.job import Ending, Job, JobSpec, JobStatus
from joblet.runner.database import load_queries, open_database
from joblet.search import Search

PAGE_JOBS = 500
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

    async def insert(self, spec: JobSpec, *, owner: str, at: datetime) -> tuple[Job, bool]:
        """Accept a job durably; return it and whether it is new.

        It is not if this owner has started a job with the same key before:
        then that job is returned, as it is now. An empty key matches nothing.
        """
        job = Job(id="", spec=spec, started_at=at, owner=owner)
        while True:
            rows = await self._run(lambda: self._insert_synced(_accepted_row(job) | {"id": None}))
            if rows:
                return replace(job, id=str(rows[0]["id"])), True
            if earlier := await self.get_by_key(owner, spec.key):
                return earlier, False
            # What the insertion conflicted with has been removed since, and its key is free again.

    async def get_by_key(self, owner: str, key: str) -> Job | None:
        """Return the job that this owner has started with this key, None if there is none."""
        rows = await self._execute("get_job_by_key", {"owner": owner, "key": key})
        return _job_from_row(rows[0]) if rows else None

    async def restore(self, jobs: Iterable[Job]) -> None:
        """Put jobs into the index that have only their directories left: all of them or none."""
        rows = [_accepted_row(job) | {"id": int(job.id)} for job in jobs]
        await self._run(lambda: self._insert_all(rows))

    async def delete(self, job_id: str) -> None:
        """Forget a job; its id is never given again."""
        await self._execute("delete_job", {"id": int(job_id)})

    async def note_kept_bytes(self, job_id: str, kept_bytes: int) -> None:
        """Write down what an ended job takes on the disk."""
        await self._execute("note_kept_bytes", {"id": int(job_id), "kept_bytes": kept_bytes})

    async def expired(self, retention: RetentionConfig, now: datetime) -> Sequence[str]:
        """Return the ids of the ended jobs that need not be kept any longer, oldest first."""
        max_age = timedelta(seconds=retention.max_age_seconds)
        limits = {
            "ended_before": _micros_from_time(now - max_age) if max_age else 0,
            "max_jobs": retention.max_jobs,
            "max_bytes": retention.max_bytes,
        }
        return [str(row["id"]) for row in await self._execute("expired_jobs", limits)]

    async def oldest_end(self) -> datetime | None:
        """Return when the first of the ended jobs ended, None if there is none."""
        (row,) = await self._execute("oldest_end")
        return None if row["ended_at"] is None else _time_from_micros(row["ended_at"])

    async def ids(self) -> set[int]:
        """Return the ids of all jobs."""
        return {row["id"] for row in await self._execute("all_ids")}

    async def update(self, job: Job) -> None:
        """Write what can change of a job."""
        await self._execute("update_job", _changed_row(job))

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

    async def search(self, search: Search) -> Sequence[Job]:
        """Return the next jobs that are asked for, at most `PAGE_JOBS`."""
        query = "search_jobs_reversed" if search.is_reversed else "search_jobs"
        last_key, last_id = search.last_seen or ("", 0)
        conditions = {
            "statuses": "".join(f"{status}," for status in search.statuses),
            "name": search.name,
            "since": _micros_from_time(search.since) if search.since else 0,
            "sort": search.sort.value,
            "last_key": last_key,
            "last_id": last_id,
            "page_jobs": PAGE_JOBS,
        }
        return [_job_from_row(row) for row in await self._execute(query, conditions)]

    async def live(self) -> Sequence[Job]:
        """Return the jobs that have not ended, oldest first."""
        return [_job_from_row(row) for row in await self._execute("live_jobs")]

    async def reserve(self, job_id: int) -> None:
        """Never give this id or a lower one again."""
        await self._execute("raise_sequence", {"id": job_id})

    def _insert_synced(self, row: dict[str, Any]) -> Sequence[sqlite3.Row]:
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            return self._connection.execute(self._queries["insert_job"], row).fetchall()
        finally:
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def _insert_all(self, rows: Sequence[dict[str, Any]]) -> None:
        self._connection.execute("BEGIN")
        with self._connection:  # commits, or rolls back
            for row in rows:
                self._connection.execute(self._queries["insert_job"], row).fetchall()

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


def _accepted_row(job: Job) -> dict[str, Any]:
    return {
        "owner": job.owner,
        "key": job.spec.key or None,
        "name": job.spec.name,
        "spec": msgspec.json.encode(job.spec).decode(),
        "status": job.status,
        "started_at": _micros_from_time(job.started_at),
    }


def _changed_row(job: Job) -> dict[str, Any]:
    return {
        "id": int(job.id),
        "status": job.status,
        "pid": job.pid,
        "stopped_by": job.stopped_by,
        "ended_at": _micros_from_time(job.ended_at) if job.ended_at else None,
        "ending": msgspec.json.encode(job.ending).decode() if job.ending else None,
    }


def _job_from_row(row: sqlite3.Row) -> Job:
    return Job(
        id=str(row["id"]),
        spec=msgspec.json.decode(row["spec"], type=JobSpec),
        started_at=_time_from_micros(row["started_at"]),
        status=JobStatus(row["status"]),
        owner=row["owner"],
        pid=row["pid"],
        stopped_by=row["stopped_by"],
        ended_at=None if row["ended_at"] is None else _time_from_micros(row["ended_at"]),
        ending=None if row["ending"] is None else msgspec.json.decode(row["ending"], type=Ending),
    )
