"""Our side of the shim's contract (`shim/README.md`): spawn one, adopt one, signal it.

A shim is spawned with posix_spawn(3), never fork: forking a large process
copies its page tables, and a threaded one can deadlock. It is held by pidfd
from the first moment, so that no signal can reach a stranger.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from joblet.errors import CgroupError, IsolationError
from joblet.job import Terminal
from joblet.linux.inotify import IN_CLOSE_WRITE, IN_MODIFY, Inotify
from joblet.linux.pidfd import PidFd
from joblet.runner.jobdir import JobDirectory

SHIM_PATH = Path(__file__).resolve().parent.parent / "bin" / "joblet-shim"
_SHIM = re.compile(rb"^shim (\d+)$", re.MULTILINE)
_FACTS_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Root:
    """What every job sees of the host: read-only binds, links, and what is covered."""

    binds: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...]

    def arguments(self) -> list[str]:
        """Return the shim's options for this root."""
        options = [word for path in self.binds for word in ("--ro-bind", path)]
        options += [word for target, path in self.links for word in ("--symlink", target, path)]
        return options + [word for path in self.hidden for word in ("--hide", path)]


def root_from_paths(paths: Sequence[str], hidden: Sequence[str]) -> Root:
    """Return the private root that shows these host paths: a link as a link, what is missing not at all."""
    links = tuple((os.readlink(path), path) for path in paths if Path(path).is_symlink())
    binds = [path for path in paths if not Path(path).is_symlink() and Path(path).exists()]
    # With systemd-resolved this is a link into /run, and names would not resolve in a job.
    resolver = os.path.realpath("/etc/resolv.conf")
    if "/etc" in binds and Path(resolver).exists() and not resolver.startswith("/etc/"):
        binds.append(resolver)
    return Root(binds=tuple(binds), links=links, hidden=tuple(hidden))


@dataclass(frozen=True, slots=True)
class ShimOptions:
    """Everything that the shim is told in argv, beyond fds."""

    uid: int
    gid: int
    hostname: str
    root: Root
    counters: Sequence[str] = ()
    tmp_bytes: int = 0
    log_max_bytes: int = 0
    timeout_ms: int = 0
    grace_ms: int = 100
    workdir: str = ""
    terminal: Terminal | None = None

    def arguments(self) -> list[str]:
        """Return the options as words."""
        numbers = {
            "--uid": self.uid,
            "--gid": self.gid,
            "--tmp-bytes": self.tmp_bytes,
            "--log-max-bytes": self.log_max_bytes,
            "--timeout-ms": self.timeout_ms,
            "--grace-ms": self.grace_ms,
        }
        if self.terminal:
            numbers |= {"--terminal-rows": self.terminal.rows, "--terminal-columns": self.terminal.columns}
        words = ["--hostname", self.hostname]
        words += ["--workdir", self.workdir] if self.workdir else []
        words += [word for option, number in numbers.items() for word in (option, str(number))]
        words += [word for path in self.counters for word in ("--counter", path)]
        return words + self.root.arguments()


class Shim:
    """A running shim."""

    def __init__(self, process: PidFd) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The shim's own pid; the command's is a fact that it reports."""
        return self._process.pid

    def stop(self) -> None:
        """Ask for SIGTERM, the grace period, SIGKILL; nothing if it has ended."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Ask for SIGKILL to all of the job now; nothing if it has ended."""
        self._send(signal.SIGUSR1)

    async def wait_ended(self) -> None:
        """Return once the shim has ended, reaped if it is our child."""
        await self._process.wait_ended()
        self._process.reap()

    def close(self) -> None:
        """Let go of the shim; it runs on."""
        self._process.close()

    def _send(self, number: signal.Signals) -> None:
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            return


def spawn(
    directory: JobDirectory,
    command: Sequence[str],
    environment: Mapping[str, str],
    options: ShimOptions,
    *,
    cgroup_fd: int | None,
    join_fds: Sequence[int],
    shim_cgroup_fd: int | None = None,
    input_fd: int | None = None,
) -> Shim:
    """Start a shim for the job in this directory; in a v2 cgroup of its own, if one is given.

    Raises:
        OSError: E2BIG, the command and its environment are too long for
            execve(2); EMFILE, ENOMEM, EAGAIN: the host is out of something.
        IsolationError: there is no shim: this is the client half of joblet.
        CgroupError: the shim cannot be in its cgroup.

    """
    with ExitStack() as opened:
        directory_fd = directory.open()
        opened.callback(os.close, directory_fd)
        lock_fd = directory.lock()
        opened.callback(os.close, lock_fd)
        fds = [("--dir-fd", directory_fd), ("--lock-fd", lock_fd), ("--status-fd", lock_fd)]
        fds += [("--join-fd", fd) for fd in join_fds]
        optional = {"--cgroup-fd": cgroup_fd, "--shim-cgroup-fd": shim_cgroup_fd, "--input-fd": input_fd}
        fds += [(option, fd) for option, fd in optional.items() if fd is not None]
        pid = _spawn(fds, [*options.arguments(), "--", *command], environment)
        if shim_cgroup_fd is not None:
            pid = _reborn(pid, lock_fd)
    return _held(pid)


def _spawn(fds: Sequence[tuple[str, int]], arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    words = [str(SHIM_PATH), *(word for option, fd in fds for word in (option, str(fd)))]
    try:
        return os.posix_spawn(
            SHIM_PATH,
            [*words, *arguments],
            environment,
            file_actions=[*_standard_streams(), *_inherit({fd for _, fd in fds})],
            setsid=True,
            # Blocked from the first instruction, so that a stop that comes at once is not fatal but waits.
            setsigmask=[signal.SIGTERM, signal.SIGUSR1],
            setsigdef=[signal.SIGPIPE],
        )
    except FileNotFoundError:
        raise IsolationError(f"{SHIM_PATH} is missing (install joblet on Linux with a C compiler)") from None


def _held(pid: int) -> Shim:
    """Return the shim that is our child and not yet waited for, so that its pid cannot have been reused."""
    try:
        return Shim(PidFd(pid))
    except OSError:  # EMFILE: a job that cannot be held must not run
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def _reborn(pid: int, lock_fd: int) -> int:
    """Return the pid of our child that goes on as the shim in its own cgroup, once this one has ended.

    Blocks for less than the spawn itself does: there is nothing between the
    process's first instruction and its end but a clone3(2).
    """
    _, status = os.waitpid(pid, 0)
    found = _SHIM.search(os.pread(lock_fd, _FACTS_BYTES, 0))
    if status or not found:
        raise CgroupError("the job's shim cannot be in its cgroup")
    return int(found[1])


def _standard_streams() -> list[tuple[int, int, str, int, int]]:
    # Not the daemon's own stderr: whoever reads that to its end would wait for every job.
    return [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(3)]


def _inherit(fds: set[int]) -> list[tuple[int, int, int]]:
    # dup2 of an fd to itself clears close-on-exec in posix_spawn (POSIX.1-2024).
    return [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in sorted(fds)]


async def adopt(directory: JobDirectory, inotify: Inotify) -> Shim | None:
    """Return the shim that runs this job, started by an earlier daemon; None if nothing runs.

    Looks again after opening the pidfd: if the same pid still holds the lock,
    the pidfd cannot be a stranger's. Waits while the lock is held by a shim
    that has not yet said who it is, or by an init whose shim has just died.
    """
    if not directory.lock_path.exists():
        return None
    with inotify.watch(directory.lock_path, IN_MODIFY | IN_CLOSE_WRITE) as watch:
        while True:
            watch.arm()
            pid = directory.holder()
            if pid is None:
                return None
            if pid and (process := _open(pid)):
                if directory.holder() == pid:
                    return Shim(process)
                process.close()
                continue
            await watch.wait()


def _open(pid: int) -> PidFd | None:
    try:
        return PidFd(pid)
    except ProcessLookupError:
        return None
