"""Rebuilds the index from the jobs' directories, where it is new, damaged or old."""

from __future__ import annotations

from joblet.runner.eventlog import get_logger
from joblet.runner.statedir import StateDirectory
from joblet.runner.store import Store

log = get_logger()


async def restore_index(store: Store, directory: StateDirectory) -> None:
    """Put every job into the index that only its directory knows, as INITIALIZING.

    What became of them is found out like that of any job that had not ended
    when the last runner stopped. No id that has a directory is given again.

    Raises:
        StorageError: the index cannot be written.

    """
    ids = directory.ids()
    await store.reserve(max(ids, default=0))
    found = []
    for number in sorted(ids - await store.ids()):
        job = directory.job(str(number)).accepted()
        if job is None or job.id != str(number):
            log.warning("a job's directory does not say what was asked for", jobId=str(number))
            continue
        found.append(job)
    await store.restore(found)
