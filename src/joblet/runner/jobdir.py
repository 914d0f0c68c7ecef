"""A job's directory: the truth about the job, whatever the daemon remembers.

    <stateDir>/jobs/<id>/
        spec.json   what was asked, written before anything else happens
        stopped-by  who asked for a stop, written before it is asked for
        lock        held by the shim and init while anything of the job runs
        output.log  raw bytes, append only
        input       the shim's socket, of a job that has an input (`input.py`)
        samples     what it had used at moments of its life (`samples.py`)
        exit        the exit record; exists once the job's end is known
        work/       the job's own folder

The shim writes `output.log` and `exit` (`shim/README.md`). Its facts go to the
lock file rather than to a pipe, so that a daemon which comes later reads the
same facts in the same way as the one that started the job.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from joblet.job import Job
from joblet.runner.record import ExitRecord, parse_record
from joblet.runner.spec import decode_spec

_FLOCK = struct.Struct("hhqqi4x")  # struct flock on 64-bit Linux: fcntl(2)
_RUNNING = re.compile(rb"^running (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JobDirectory:
    """Paths and small files of one job."""

    path: Path

    @property
    def lock_path(self) -> Path:
        """Held while anything of the job runs; also has the shim's facts."""
        return self.path / "lock"

    @property
    def log_path(self) -> Path:
        """The job's output."""
        return self.path / "output.log"

    @property
    def samples_path(self) -> Path:
        """What the job had used at moments of its life."""
        return self.path / "samples"

    @property
    def work_path(self) -> Path:
        """The job's own folder: what is in it, and its links, are the job's."""
        return self.path / "work"

    def create(self, spec: bytes, uid: int, gid: int, uploaded: Path | None = None) -> None:
        """Make the directory, its spec, an empty log, and a `work` that belongs to the job's user.

        `work` is empty, or the folder that was uploaded. The log is there from
        the start, so that a reader can watch it before the shim writes.

        Raises:
            OSError: it exists already, or the disk is full or read-only.

        """
        self.path.mkdir(mode=0o700)
        (self.path / "spec.json").write_bytes(spec)
        self.log_path.touch(mode=0o600)
        if uploaded:
            uploaded.rename(self.work_path)
        else:
            self.work_path.mkdir(mode=0o700)
        os.chown(self.work_path, uid, gid)

    def open(self) -> int:
        """Return an fd of the directory."""
        return os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def lock(self) -> int:
        """Create the lock file and return an fd that holds its lock.

        The lock belongs to the open file, so it passes to the shim with the
        fd and is held from before the shim's first instruction.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self.lock_path, flags, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd

    def holder(self) -> int | None:
        """Return the pid of the running shim, 0 if it cannot be told yet, None if nothing runs.

        Opened read-only, so that closing it is no event for whoever watches
        for IN_CLOSE_WRITE.
        """
        try:
            fd = os.open(self.lock_path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            query = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, query))
            return 0 if kind == fcntl.F_UNLCK else pid
        else:
            return None
        finally:
            os.close(fd)

    def accepted(self) -> Job | None:
        """Return the job as it was accepted, None if that is not known."""
        try:
            return decode_spec((self.path / "spec.json").read_bytes())
        except FileNotFoundError:
            return None

    def note_stop(self, by: str) -> None:
        """Write down who asks for a stop; the first one counts.

        Raises:
            OSError: the disk is full or read-only.

        """
        with contextlib.suppress(FileExistsError), (self.path / "stopped-by").open("x") as file:
            file.write(by)

    def stopped_by(self) -> str:
        """Return who asked for a stop, empty if nobody did."""
        try:
            return (self.path / "stopped-by").read_text()
        except FileNotFoundError:
            return ""

    def is_unclaimed(self) -> bool:
        """Return whether no shim ever took this directory, so that the command cannot have run.

        A shim writes to the lock before it lets its init execute anything.
        """
        try:
            return self.lock_path.stat().st_size == 0
        except FileNotFoundError:
            return True

    def running_pid(self) -> int:
        """Return the pid of the command once it executes, 0 before."""
        try:
            found = _RUNNING.search(self.lock_path.read_bytes())
        except FileNotFoundError:
            return 0
        return int(found[1]) if found else 0

    def exit_record(self) -> ExitRecord | None:
        """Return the exit record, None if there is none or it is incomplete."""
        try:
            return parse_record((self.path / "exit").read_bytes())
        except FileNotFoundError:
            return None

    def log_bytes(self) -> int:
        """Return the present size of the log."""
        try:
            return self.log_path.stat().st_size
        except FileNotFoundError:  # accepted, but the host died before the directory was made
            return 0
