"""Ended jobs go when they are too old, too many or too much; or when somebody says so.

A job goes in three steps, each of which can be the last before a crash: its
directory is renamed, so that nobody takes it for a job; its row is deleted;
its files are deleted. The next runner finishes what it finds renamed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from joblet.config import RetentionConfig
from joblet.errors import StorageError
from joblet.runner.eventlog import get_logger
from joblet.runner.statedir import StateDirectory
from joblet.runner.store import Store
from joblet.runner.tree import disk_usage

log = get_logger()

KEEP_EVERYTHING = RetentionConfig()


class Retention:
    """Keeps what the configuration says and removes the rest."""

    def __init__(self, config: RetentionConfig, store: Store, directory: StateDirectory) -> None:
        self._config = config
        self._store = store
        self._directory = directory
        self._something_ended = asyncio.Event()

    async def note_end(self, job_id: str) -> None:
        """Take an ended job into account."""
        if self._config.max_bytes:
            kept_bytes = await asyncio.to_thread(disk_usage, self._directory.job(job_id).path)
            await self._store.note_kept_bytes(job_id, kept_bytes)
        self._something_ended.set()

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs, their rows and their files.

        Raises:
            StorageError: a row or a directory cannot be removed; the jobs before it are.

        """
        for job_id in job_ids:
            try:
                self._directory.discard(job_id)
            except OSError as error:
                raise StorageError(f"{error.filename}: {error.strerror}") from error
            await self._store.delete(job_id)
        for job_id in job_ids:
            await asyncio.to_thread(self._directory.sweep, job_id)

    async def run(self) -> None:
        """Finish what an earlier runner began to remove, then remove what expires, until cancelled."""
        while True:
            self._something_ended.clear()
            seconds = None
            try:
                await self.remove(self._directory.discarded())
                if self._config == KEEP_EVERYTHING:
                    return
                await self._remove_expired()
                seconds = await self._seconds_to_next()
            except StorageError as error:
                # Tried again at the next end, and not before: what could not be removed is due all the time.
                log.warning("cannot remove expired jobs", error=str(error))
            await self._wait_for_end(seconds)

    async def _remove_expired(self) -> None:
        expired = await self._store.expired(self._config, datetime.now(UTC))
        await self.remove(expired)
        if expired:
            log.info("expired jobs removed", count=len(expired), jobIds=",".join(expired))

    async def _seconds_to_next(self) -> float | None:
        """Return when the oldest job will have become too old, None if no job will."""
        oldest = await self._store.oldest_end() if self._config.max_age_seconds else None
        if oldest is None:
            return None
        expires = oldest + timedelta(seconds=self._config.max_age_seconds)
        return max(0.0, (expires - datetime.now(UTC)).total_seconds())

    async def _wait_for_end(self, seconds: float | None) -> None:
        """Return when a job has ended, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._something_ended.wait()
        except TimeoutError:
            return
