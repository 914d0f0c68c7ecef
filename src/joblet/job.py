"""What a job is: what was asked, what became of it, and what may follow what.

Pure: no I/O, no clock, no asyncio. Two rules hold everywhere:

* Only `TRANSITIONS` changes a status. A pair that is missing is an
  `IllegalTransition`, and an illegal event changes nothing.
* A terminal status is final. It carries its `Ending`; nothing else does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from joblet.errors import InvalidCommandError, InvalidRequestError
from joblet.limits import Limits

REFUSED_IN_COMMAND = frozenset(";&|`$()")
"""Shell syntax in a command means that the caller expects a shell, which there is not."""

NAME_LENGTH = 128
"""The most characters of a job's name, and of a key."""

TERMINAL_MAX = 2**16 - 1
"""The most rows and columns of a terminal."""

LONGEST_SECONDS = 10 * 365 * 24 * 3600.0
"""Ten years: beyond it a duration is a mistake."""

UNKNOWN_EXIT_CODE = -1
"""The exit code of a job that a signal ended, or whose end nobody saw."""


class JobStatus(enum.StrEnum):
    """Where a job is in its life; the values are those of the API."""

    #: accepted; its namespaces and limits are being set up
    INITIALIZING = "INITIALIZING"
    #: the command executes
    RUNNING = "RUNNING"
    #: the command ended with exit code 0
    COMPLETED = "COMPLETED"
    #: the command ended otherwise, or never started
    FAILED = "FAILED"
    #: a caller or the timeout ended it
    STOPPED = "STOPPED"

    @property
    def is_terminal(self) -> bool:
        """Whether this status will never change again."""
        return self in TERMINAL


TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})


class Reason(enum.StrEnum):
    """Why a job ended."""

    #: the command returned an exit code
    EXITED = "exited"
    #: a signal ended the command, sent by the job itself or by the host
    SIGNAL = "signal"
    #: the kernel killed it for exceeding its memory limit
    OOM = "oom"
    #: it ran longer than it was allowed to
    TIMEOUT = "timeout"
    #: a caller stopped it
    STOPPED = "stopped"
    #: the command was never executed: not found, not executable, or no isolation
    START_FAILED = "start-failed"
    #: nobody saw the end: the shim or the host died first
    LOST = "lost"


class Event(enum.StrEnum):
    """What can happen to a job."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


TRANSITIONS: Mapping[tuple[JobStatus, Event], JobStatus] = MappingProxyType(
    {
        (JobStatus.INITIALIZING, Event.STARTED): JobStatus.RUNNING,
        (JobStatus.INITIALIZING, Event.FAILED): JobStatus.FAILED,
        (JobStatus.INITIALIZING, Event.STOPPED): JobStatus.STOPPED,
        (JobStatus.RUNNING, Event.SUCCEEDED): JobStatus.COMPLETED,
        (JobStatus.RUNNING, Event.FAILED): JobStatus.FAILED,
        (JobStatus.RUNNING, Event.STOPPED): JobStatus.STOPPED,
    }
)


class IllegalTransition(Exception):  # noqa: N818  a bug of ours, not an error of the caller
    """An event arrived in a status in which it cannot happen."""

    def __init__(self, status: JobStatus, event: Event) -> None:
        super().__init__(f"{event} cannot happen to a job that is {status}")


@dataclass(frozen=True, slots=True)
class Terminal:
    """The size of a terminal, in characters; 0 is not known.

    Raises:
        InvalidRequestError: the kernel has no such size (ioctl_tty(2), struct winsize).

    """

    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not (0 <= self.rows <= TERMINAL_MAX and 0 <= self.columns <= TERMINAL_MAX):
            size = f"{self.rows}x{self.columns}"
            raise InvalidRequestError(
                f"invalid terminal: expected 0 to {TERMINAL_MAX} rows and columns, got {size}"
            )


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What was asked for; immutable from the moment it is accepted.

    `environment` is added to the job's own. `workdir` is where the command
    starts, relative to /work. A timeout of 0 and a grace period of None mean
    the configured ones. `name` is for people and need not be unique. `key`
    makes a start happen once: the same owner's next start with it finds the
    first one's job. Standard input is empty, unless `stdin` says that it is to
    be written, or `terminal` that all three streams are a terminal.

    Raises:
        InvalidCommandError: the command is empty or refused, or something in
            it cannot be carried to execve(2).
        InvalidRequestError: one of the other fields is malformed.

    """

    command: str
    args: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    environment: Mapping[str, str] = field(default_factory=dict)
    workdir: str = ""
    timeout_seconds: float = 0.0
    stop_grace_seconds: float | None = None
    name: str = ""
    key: str = ""
    stdin: bool = False
    terminal: Terminal | None = None

    @property
    def has_input(self) -> bool:
        """Whether its input is written while it runs."""
        return self.stdin or self.terminal is not None

    def __post_init__(self) -> None:
        if not self.command:
            raise InvalidCommandError("command is empty")
        if any(c in REFUSED_IN_COMMAND or not c.isprintable() for c in self.command):
            raise InvalidCommandError("command contains dangerous characters")
        for position, argument in enumerate(self.args, start=1):
            if why := _not_carried(argument):
                raise InvalidCommandError(f"argument {position} {why}")
        self._check_environment()
        if why := _not_carried(self.workdir):
            raise InvalidRequestError(f"invalid workdir: it {why}")
        for what, text in (("name", self.name), ("key", self.key)):
            if len(text) > NAME_LENGTH or not text.isprintable():
                raise InvalidRequestError(
                    f"invalid {what}: expected at most {NAME_LENGTH} printable characters, got {text[:80]!r}"
                )
        for what, seconds in (
            ("timeout", self.timeout_seconds),
            ("stop grace", self.stop_grace_seconds or 0.0),
        ):
            if not 0 <= seconds <= LONGEST_SECONDS:
                raise InvalidRequestError(
                    f"invalid {what}: expected 0 to {LONGEST_SECONDS:.0f} s, got {seconds}"
                )

    def _check_environment(self) -> None:
        for name, value in self.environment.items():
            if not name or "=" in name or _not_carried(name):
                raise InvalidRequestError(f"invalid environment variable name: {name!r}")
            if why := _not_carried(value):
                raise InvalidRequestError(f"invalid environment variable {name}: its value {why}")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job consumed, by the kernel's own counters; None is "not measured"."""

    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended.

    `exit_code` is the command's own, 0-255, or `UNKNOWN_EXIT_CODE`. `signal`
    is the number of the one that ended it, 0 if none did. `detail` says in
    words what `reason` cannot (`exec: No such file or directory`).
    """

    reason: Reason
    exit_code: int = UNKNOWN_EXIT_CODE
    signal: int = 0
    detail: str = ""
    log_bytes: int = 0
    dropped_bytes: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def event(self) -> Event:
        """The event that this ending is to the transition table."""
        if self.reason in {Reason.STOPPED, Reason.TIMEOUT}:
            return Event.STOPPED
        if self.reason is Reason.EXITED and self.exit_code == 0:
            return Event.SUCCEEDED
        return Event.FAILED


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is at one moment.

    Times are aware and in UTC. `started_at` is when the job was accepted, as
    in the API. `pid` is the command's, in the host's numbering, 0 while there
    is none. `owner` and `stopped_by` are names of principals. `usage` is that
    of a running job so far; that of an ended one is in its ending.
    """

    id: str
    spec: JobSpec
    started_at: datetime
    status: JobStatus = JobStatus.INITIALIZING
    owner: str = ""
    pid: int = 0
    ended_at: datetime | None = None
    ending: Ending | None = None
    stopped_by: str = ""
    usage: Usage | None = None

    @property
    def exit_code(self) -> int:
        """The exit code as the API gives it: 0 until the job has ended."""
        return self.ending.exit_code if self.ending else 0

    def after_start(self, pid: int) -> Job:
        """Return this job once its command executes.

        Raises:
            IllegalTransition: it is not INITIALIZING.

        """
        return replace(self, status=transition(self.status, Event.STARTED), pid=pid)

    def after_end(self, ending: Ending, at: datetime) -> Job:
        """Return this job once it has ended.

        Raises:
            IllegalTransition: it has ended before, or never started and yet succeeded.

        """
        status = transition(self.status, ending.event)
        return replace(self, status=status, ended_at=at, ending=ending, usage=None)


def _not_carried(text: str) -> str:
    """Say why execve(2) cannot carry this text; empty if it can."""
    if "\0" in text:
        return "contains a NUL byte"
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return "is not text that UTF-8 can carry"
    return ""


def transition(status: JobStatus, event: Event) -> JobStatus:
    """Return the status that follows.

    Raises:
        IllegalTransition: the table has no such pair.

    """
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise IllegalTransition(status, event) from None
