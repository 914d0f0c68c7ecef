"""The state directory: one runner at a time, and a name for it on this host.

<stateDir>/
    lock        held while a runner uses the directory
    instance    a random word, in the names of this directory's cgroups
    boot        the host's boot id when a runner last took the directory up: random(4)
    joblet.db   the index
    jobs/<id>/  a directory a job
    uploads/    what is being uploaded for jobs that there are not yet
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from joblet.errors import StateDirectoryInUseError, StorageError
from joblet.runner import tree
from joblet.runner.jobdir import JobDirectory

REMOVED = ".removed"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class StateDirectory:
    """Made where it is missing and held exclusively; a context manager.

    Raises:
        StateDirectoryInUseError: another runner holds it.
        StorageError: it cannot be made or written.

    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.instance = ""
        self._lock_fd = -1

    def __enter__(self) -> Self:
        try:
            self._jobs.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            self.uploads_path.mkdir(mode=0o700, exist_ok=True)
            self._lock_fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._acquire()
            self.instance = self._read_instance()
        except OSError as error:
            self.__exit__()
            raise StorageError(f"{error.filename}: {error.strerror}") from error
        return self

    def __exit__(self, *exc: object) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    @property
    def is_of_this_boot(self) -> bool:
        """Whether the last runner here ran in this boot of the host.

        If not, a power cut may have taken what was not synced, so that what is
        missing from a job's directory proves nothing.
        """
        try:
            return (self.path / "boot").read_text() == BOOT_ID.read_text()
        except FileNotFoundError:
            return False

    def note_boot(self) -> None:
        """Write down this boot, once what an earlier one left has been concluded.

        Raises:
            OSError: the disk is full or read-only.

        """
        (self.path / "boot").write_text(BOOT_ID.read_text())

    @property
    def index_path(self) -> Path:
        """The SQLite database."""
        return self.path / "joblet.db"

    @property
    def uploads_path(self) -> Path:
        """Where files are while they are being uploaded."""
        return self.path / "uploads"

    @property
    def _jobs(self) -> Path:
        return self.path / "jobs"

    def job(self, job_id: str) -> JobDirectory:
        """Return the directory of a job."""
        return JobDirectory(self._jobs / job_id)

    def ids(self) -> set[int]:
        """Return the ids of all jobs that have a directory."""
        return {int(name) for name in os.listdir(self._jobs) if name.isdecimal()}

    def discard(self, job_id: str) -> None:
        """Take a job's directory out of the way, at once and for good; nothing if it has none.

        The files go when `sweep` is called. In between nobody takes them for a job.

        Raises:
            OSError: the disk is read-only or failing.

        """
        with contextlib.suppress(FileNotFoundError):
            (self._jobs / job_id).rename(self._jobs / f"{job_id}{REMOVED}")

    def discarded(self) -> Sequence[str]:
        """Return the ids of the jobs whose files still have to go."""
        return [name.removesuffix(REMOVED) for name in os.listdir(self._jobs) if name.endswith(REMOVED)]

    def sweep(self, job_id: str) -> None:
        """Delete what was discarded; may take long, and never follows a job's links."""
        with contextlib.suppress(OSError):  # gone already; or the next runner tries again
            tree.delete(self._jobs / f"{job_id}{REMOVED}")

    def _acquire(self) -> None:
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.__exit__()
            raise StateDirectoryInUseError(str(self.path)) from None

    def _read_instance(self) -> str:
        path = self.path / "instance"
        if not path.exists():
            unfinished = path.with_suffix(".tmp")
            unfinished.write_text(secrets.token_hex(4))
            unfinished.rename(path)
        return path.read_text()
