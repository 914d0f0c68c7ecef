"""From an accepted job to a running shim: directory, cgroups, spawn.

Whatever fails is undone here, and becomes a HostError that says which step it
was; nothing runs then.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Container, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from joblet.config import RunnerConfig
from joblet.errors import (
    CgroupError,
    HostError,
    InvalidCommandError,
    InvalidLimitError,
    IsolationError,
    StorageError,
)
from joblet.job import Job, JobSpec
from joblet.limits import Limits
from joblet.linux.blockdevice import device_of
from joblet.linux.cgroup import CgroupLimits, JobCgroup
from joblet.linux.cgroup_v2 import open_leaf
from joblet.runner.host import MIB, Host
from joblet.runner.input import listen
from joblet.runner.live import LiveJob
from joblet.runner.shim import Shim, ShimOptions, spawn
from joblet.runner.spec import encode_spec

SLICE = "joblet.slice"
SHIMS = "shims"
"""The cgroup of the shims, beside the jobs' slice, where a service manager delegates one to us."""

TERM = "xterm"
"""What a terminal is taken for that nobody has said anything of."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Launcher:
    """Launches the jobs of one runner; `instance` keeps its cgroups apart from other runners'."""

    config: RunnerConfig
    host: Host
    instance: str

    def check(self, spec: JobSpec) -> None:
        """Refuse what this host cannot enforce, before anything is accepted.

        Raises:
            CgroupError: a controller is missing, or I/O cannot be limited on this filesystem.
            InvalidLimitError: the timeout is longer than the configuration allows.

        """
        limits, longest = spec.limits, self.config.job_timeout_seconds
        if longest and spec.timeout_seconds > longest:
            raise InvalidLimitError(
                f"timeout exceeds system limits (got {spec.timeout_seconds:g} s, at most {longest:g} s)"
            )
        if missing := self.host.hierarchy.missing(self._cgroup_limits(limits)):
            raise CgroupError(f"this host has no {' and no '.join(missing)} controller (see joblet doctor)")

    def launch(self, live: LiveJob, uploaded: Path | None) -> Shim:
        """Start the shim of an accepted job, inside its limits, with what was uploaded for it.

        Raises:
            StorageError, CgroupError, IsolationError: the step that failed.
            InvalidCommandError: the command is too long for execve(2).

        """
        job = live.job
        self._make_directory(live, uploaded)
        live.cgroup = cgroup = self._make_cgroup(job)
        try:
            with ExitStack() as opened:
                opened.callback(cgroup.close_fds)
                return spawn(
                    live.directory,
                    [job.spec.command, *job.spec.args],
                    self._environment(job),
                    self._options(job, cgroup),
                    cgroup_fd=cgroup.clone_fd,
                    join_fds=cgroup.join_fds,
                    shim_cgroup_fd=self._open_shims(opened),
                    input_fd=self._open_input(opened, live),
                )
        except OSError as error:
            raise _spawn_error(error) from error

    def adopt_cgroup(self, job: Job) -> JobCgroup:
        """Return the cgroups that an earlier runner made for this job, gone or not."""
        return JobCgroup.open(self.host.hierarchy, SLICE, self._cgroup_name(job))

    def abandoned_cgroups(self, live_ids: Container[str]) -> Sequence[JobCgroup]:
        """Return the cgroups of jobs that have ended, which an earlier runner could not remove in time."""
        hierarchy, suffix = self.host.hierarchy, f"-{self.instance}"
        names = [name for name in JobCgroup.names(hierarchy, SLICE) if name.endswith(suffix)]
        return [
            JobCgroup.open(hierarchy, SLICE, name)
            for name in names
            if name.removeprefix("job-").removesuffix(suffix) not in live_ids
        ]

    def _make_directory(self, live: LiveJob, uploaded: Path | None) -> None:
        account = self.host.account
        try:
            live.directory.create(encode_spec(live.job), account.uid, account.gid, uploaded)
        except OSError as error:
            raise StorageError(f"{error.filename}: {error.strerror}") from error

    def _make_cgroup(self, job: Job) -> JobCgroup:
        limits = self._cgroup_limits(job.spec.limits)
        try:
            return JobCgroup.create(self.host.hierarchy, SLICE, self._cgroup_name(job), limits)
        except OSError as error:
            raise CgroupError(f"{error.strerror or error}: {error.filename}") from error

    def _open_shims(self, opened: ExitStack) -> int | None:
        """Return the cgroup that the shim is to be born in, None where it may stay in the daemon's."""
        if not self.config.cgroup_parent:
            return None
        try:
            fd = open_leaf(self.host.hierarchy.v2_path, SHIMS)
        except OSError as error:
            raise CgroupError(f"{error.strerror}: {error.filename}") from error
        opened.callback(os.close, fd)
        return fd

    def _open_input(self, opened: ExitStack, live: LiveJob) -> int | None:
        """Return the socket by which the job's input is to be written, None if it has none."""
        if not live.job.spec.has_input:
            return None
        return opened.enter_context(listen(live.directory)).fileno()

    def _cgroup_name(self, job: Job) -> str:
        return f"job-{job.id}-{self.instance}"

    def _cgroup_limits(self, limits: Limits) -> CgroupLimits:
        try:
            device = device_of(str(self.config.state_dir)) if limits.io_bps else ""
        except OSError as error:
            raise CgroupError(f"maxIOBPS cannot be enforced: {error.strerror or error}") from error
        return CgroupLimits(
            cpu_percent=limits.cpu_percent,
            memory_bytes=limits.memory_mb * MIB,
            io_bps=limits.io_bps,
            max_processes=self.config.max_processes,
            io_device=device,
        )

    def _options(self, job: Job, cgroup: JobCgroup) -> ShimOptions:
        grace = job.spec.stop_grace_seconds
        return ShimOptions(
            uid=self.host.account.uid,
            gid=self.host.account.gid,
            hostname=f"job-{job.id}",
            workdir=job.spec.workdir,
            terminal=job.spec.terminal,
            root=self.host.root,
            counters=cgroup.counters,
            tmp_bytes=job.spec.limits.memory_mb * MIB,
            log_max_bytes=self.config.max_log_bytes,
            timeout_ms=_milliseconds(job.spec.timeout_seconds or self.config.job_timeout_seconds),
            grace_ms=_milliseconds(self.config.stop_grace_seconds if grace is None else grace),
        )

    def _environment(self, job: Job) -> dict[str, str]:
        return {
            "PATH": PATH,
            "HOME": "/work",
            "LANG": "C.UTF-8",
            "USER": self.host.account.name,
            **({"TERM": TERM} if job.spec.terminal else {}),
            **job.spec.environment,
            "JOBLET_JOB_ID": job.id,
        }


def _milliseconds(seconds: float) -> int:
    # Up, not to the nearest: what is not quite nothing must not become 0, which is "none".
    return math.ceil(seconds * 1000)


def _spawn_error(error: OSError) -> HostError | InvalidCommandError:
    if error.errno == errno.E2BIG:
        return InvalidCommandError("command and arguments are too long for this host")
    return IsolationError(error.strerror or str(error))
