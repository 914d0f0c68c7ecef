"""A harness for the real joblet-shim: a job's directory, the fds, the facts, the record.

Everything here follows `shim/README.md` and nothing imports the runner: the
contract is tested from its text, not from our other reading of it. A test
waits for what the shim or the job says (a fact, a fifo, the end), never for
time to pass.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from support.host import PATIENCE

SHIM = os.environ.get("JOBLET_SHIM") or str(
    Path(__file__).resolve().parents[2] / "src" / "joblet" / "bin" / "joblet-shim"
)
NOBODY = 65534
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/work"}
SAFETY_SECONDS = 30 * PATIENCE
FLOCK = struct.Struct("hhqqi4x")  # struct flock on 64-bit Linux: fcntl(2)


def system_root() -> list[str]:
    """Return the options that show a job this host's programs, read-only."""
    options: list[str] = []
    for path in ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path]
    return options


@dataclass(frozen=True, slots=True)
class Record:
    """An exit record, as text: `facts` by their first word, counters by their path."""

    facts: Mapping[str, str]
    counters: Mapping[str, bytes]

    @property
    def wait_status(self) -> int | None:
        """The command's wait status, None if nobody saw it."""
        return int(self.facts["wait-status"]) if "wait-status" in self.facts else None

    @property
    def log_bytes(self) -> int:
        """The size that the log must have."""
        return int(self.facts["log-bytes"])


def parse_record(raw: bytes) -> Record:
    """Return the record; fails the test if it is not complete."""
    assert raw.startswith(b"joblet-exit 1\n"), raw
    assert raw.endswith(b"\nend\n"), raw
    facts: dict[str, str] = {}
    counters: dict[str, bytes] = {}
    rest = raw.removeprefix(b"joblet-exit 1\n").removesuffix(b"end\n")
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, _, value = line.decode().partition(" ")
        if name == "counter":
            path, _, size = value.rpartition(" ")
            counters[path], rest = rest[: int(size)], rest[int(size) :]
            assert rest.startswith(b"\n"), rest
            rest = rest[1:]
        else:
            assert name not in facts, f"{name} is there twice"
            facts[name] = value
    return Record(facts, counters)


@dataclass(slots=True)
class ShimRun:
    """One shim and its job. Use as a context manager: leaving it kills and reaps what still runs."""

    folder: Path
    pid: int = -1
    pidfd: int = -1
    status_fd: int = -1
    facts: bytes = b""
    exit_code: int | None = None
    _fifos: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.pidfd >= 0:
            if self.exit_code is None:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
                self.wait()
            os.close(self.pidfd)
        for fd in [self.status_fd, *self._fifos.values()]:
            if fd >= 0:
                os.close(fd)

    @property
    def log(self) -> bytes:
        """The job's output so far."""
        return (self.folder / "output.log").read_bytes()

    @property
    def record(self) -> Record:
        """The exit record; fails the test if there is none."""
        return parse_record((self.folder / "exit").read_bytes())

    @property
    def work(self) -> Path:
        """The job's own folder, `/work` to the job."""
        return self.folder / "work"

    def wait(self) -> int:
        """Wait for the shim's end, and return its exit code (negative: the signal that ended it)."""
        wait_readable(self.pidfd)
        _, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code

    def wait_facts(self) -> str:
        """Wait until the shim has said `running PID`, or has ended without it; return all it said."""
        while b"\n" not in self.facts:
            wait_readable(self.status_fd)
            if not (chunk := os.read(self.status_fd, 4096)):
                break
            self.facts += chunk
        return self.facts.decode()

    def wait_running(self) -> int:
        """Wait until the command executes, and return its pid."""
        found = re.fullmatch(r"running (\d+)\n", self.wait_facts())
        assert found, f"expected 'running PID', got {self.facts!r}"
        return int(found[1])

    def wait_exit_of(self, pid: int) -> None:
        """Wait until a process of the job has ended; at once if it has."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            wait_readable(fd)
        finally:
            os.close(fd)

    def signal(self, number: signal.Signals) -> None:
        """Send the shim a signal."""
        signal.pidfd_send_signal(self.pidfd, number)

    def fifo(self, name: str) -> None:
        """Make a fifo in the job's folder, by which the job can tell the test something."""
        path = self.work / name
        os.mkfifo(path)
        path.chmod(0o666)
        # Also open for writing, so that reading never meets an end of file between two writers.
        self._fifos[name] = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def wait_line(self, name: str) -> str:
        """Wait for a line in a fifo of `fifo`, and return it without its newline."""
        line = b""
        while not line.endswith(b"\n"):
            wait_readable(self._fifos[name])
            line += os.read(self._fifos[name], 1)
        return line.decode().rstrip("\n")

    def lock_is_free(self) -> bool:
        """Whether shim and init are both gone."""
        fd = os.open(self.folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def wait_lock_free(self) -> None:
        """Wait until shim and init are both gone."""
        fd = os.open(self.folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
        finally:
            os.close(fd)

    def lock_holder(self) -> int:
        """Return the pid that F_GETLK names, 0 for none."""
        with (self.folder / "lock").open("rb") as file:
            query = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, query))
        return 0 if kind == fcntl.F_UNLCK else pid


def wait_readable(fd: int) -> None:
    """Wait until there is something to read; the time limit is only a safety net."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(SAFETY_SECONDS * 1000), "nothing happened"


def make_folder(folder: Path, uid: int = NOBODY) -> Path:
    """Make a job's directory, as a caller of the shim must."""
    folder.mkdir(mode=0o700)
    (folder / "work").mkdir(mode=0o700)
    os.chown(folder / "work", uid, uid)
    return folder


NewRun = Callable[[], ShimRun]


class Start(Protocol):
    """The signature of the fixtures `start` and `run` of tests/shim."""

    def __call__(
        self,
        *command: str,
        options: Sequence[str] = (),
        uid: int = NOBODY,
        environment: Mapping[str, str] = ENVIRONMENT,
        wrapper: Sequence[str] = (),
        inherit: Sequence[int] = (),
        root: Sequence[str] | None = None,
        run: ShimRun | None = None,
    ) -> ShimRun:
        """Start a command, in a directory of its own unless one is given."""


def spawn(
    run: ShimRun,
    command: Sequence[str],
    *,
    options: Sequence[str] = (),
    uid: int = NOBODY,
    environment: Mapping[str, str] = ENVIRONMENT,
    wrapper: Sequence[str] = (),
    inherit: Sequence[int] = (),
    root: Sequence[str] | None = None,
) -> ShimRun:
    """Start the shim in `run.folder`; `wrapper` goes before it (strace), `inherit` are more fds for it."""
    folder_fd = os.open(run.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    lock_fd = os.open(run.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock_fd, fcntl.LOCK_EX)
    run.status_fd, facts_fd = os.pipe2(os.O_CLOEXEC)
    fds = {"--dir-fd": folder_fd, "--lock-fd": lock_fd, "--status-fd": facts_fd}
    words = [*wrapper, SHIM, *(word for name, fd in fds.items() for word in (name, str(fd)))]
    words += ["--uid", str(uid), "--gid", str(uid), *(system_root() if root is None else root)]
    try:
        run.pid = os.posix_spawn(
            words[0],
            [*words, *options, "--", *command],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
                *((os.POSIX_SPAWN_DUP2, fd, fd) for fd in (*fds.values(), *inherit)),
            ],
            setsigmask=[signal.SIGTERM, signal.SIGUSR1],
        )
        run.pidfd = os.pidfd_open(run.pid)
    finally:
        for fd in fds.values():
            os.close(fd)
    return run
