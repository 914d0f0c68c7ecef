"""What `joblet.run` returns and raises: `subprocess`'s own classes, which know the job besides.

Not in `errors.py`, which every program imports: these need `subprocess`. They
never cross the wire.

`returncode` is as in `subprocess`: the exit code, or minus the number of the
signal that ended the job. `stdout` has everything the job wrote, to standard
error too, in the order in which it was written; `stderr` is None.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from subprocess import CalledProcessError, CompletedProcess, TimeoutExpired
from typing import TypeVar

from joblet.errors import JobletError
from joblet.job import Ending, Job, Reason, Usage

Output = str | bytes | None
Captured = TypeVar("Captured", bound=str | bytes)


class CompletedJob(CompletedProcess[Captured]):
    """A job that has ended.

    `job` is the job, `reason` why it ended, `usage` what it consumed.
    """

    def __init__(self, job: Job, args: Sequence[str], output: Captured | None) -> None:
        super().__init__(args, returncode_of(ending_of(job)), output)
        self.job = job

    @property
    def reason(self) -> Reason:
        """Why the job ended."""
        return ending_of(self.job).reason

    @property
    def usage(self) -> Usage:
        """What the job consumed, by the kernel's counters."""
        return ending_of(self.job).usage

    def check_returncode(self) -> None:
        """Return if the exit code is 0.

        Raises:
            JobFailedError: it is not.

        """
        if self.returncode:
            raise JobFailedError(self.job, self.args, self.stdout)


class JobFailedError(CalledProcessError, JobletError):
    """A job ended with another exit code than 0, by a signal, or was never executed.

    `job` is the job, `reason` why it ended, `usage` what it consumed. Of a job
    that was lost nothing is known: its `returncode` is -1.
    """

    def __init__(self, job: Job, args: Sequence[str], output: Output) -> None:
        super().__init__(returncode_of(ending_of(job)), args, output)
        self.job = job
        self.reason = ending_of(job).reason
        self.usage = ending_of(job).usage

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.job, self.cmd, self.output)

    def __str__(self) -> str:
        return f"Command {self.cmd!r} (job {self.job.id}) {why_ended(self.job)}."


class JobTimeoutError(TimeoutExpired, JobletError):
    """A job was stopped because its time was over; nothing of it runs any more.

    `timeout` is what was asked for, in seconds, or how long the job ran if it
    was the configuration that limited it. `output` is what it wrote until
    then. `job`, `reason` and `usage` are as in `JobFailedError`.
    """

    def __init__(self, job: Job, args: Sequence[str], output: Output) -> None:
        timeout = job.spec.timeout_seconds or seconds_run(job)
        super().__init__(args, timeout, output)
        self.job = job
        self.reason = ending_of(job).reason
        self.usage = ending_of(job).usage

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.job, self.cmd, self.output)

    def __str__(self) -> str:
        return f"Command {self.cmd!r} (job {self.job.id}) timed out after {self.timeout:g} seconds."


def ending_of(job: Job) -> Ending:
    """Return how a job that has ended did.

    Raises:
        ValueError: it has not.

    """
    if job.ending is None:
        raise ValueError(f"job {job.id} is {job.status}; expected one that has ended")
    return job.ending


def returncode_of(ending: Ending) -> int:
    """Return the ending as `subprocess` numbers it."""
    return -ending.signal if ending.signal else ending.exit_code


def seconds_run(job: Job) -> float:
    """Return how long the job took, from its acceptance to its end."""
    return (job.ended_at - job.started_at).total_seconds() if job.ended_at else 0.0


def why_ended(job: Job) -> str:
    """Return, as the rest of a sentence, how a job failed."""
    ending = ending_of(job)
    match ending.reason:
        case Reason.OOM:
            return f"exceeded its memory limit of {job.spec.limits.memory_mb} MiB"
        case Reason.STOPPED:
            return f"was stopped by {job.stopped_by or 'its owner'}"
        case Reason.START_FAILED:
            return f"could not be started: {ending.detail}"
        case Reason.LOST:
            return f"was lost: {ending.detail}"
        case Reason.SIGNAL:
            return f"died with {signal_name(ending.signal)}"
        case _:
            return f"returned non-zero exit status {ending.exit_code}"


def signal_name(number: int) -> str:
    """Return a signal's name, where this platform knows one."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
