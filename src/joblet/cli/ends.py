"""How a job ended: in words, with what could be done about it, and as a shell's exit code. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joblet.cli.render import duration_text, printable

if TYPE_CHECKING:
    from joblet.job import Ending, Job

NOT_RUN = 125
"""The job could not be run, or it is not known how it ended (as `docker run` has it)."""

NOT_EXECUTABLE = 126
NOT_FOUND = 127
SIGNALLED = 128

# Not the signal module: the numbers are Linux's, wherever this runs (signal(7)).
SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
}


def shell_code(job: Job) -> int:
    """Return an ended job's exit code as a shell gives it: 128 + n for signal n, 125 where there is none."""
    if job.ending and job.ending.signal:
        return SIGNALLED + job.ending.signal
    return job.exit_code if job.exit_code >= 0 else NOT_RUN


def why(job: Job) -> str:
    """Return in a sentence why a job ended, or that it has not."""
    if job.ending is None:
        return f"It has not ended: it is {job.status}."
    by = printable(job.stopped_by) or "somebody"
    sentences = {
        "exited": f"The command returned exit code {job.exit_code}.",
        "signal": f"{signal_name(job.ending)} ended the command; the job itself or the host sent it.",
        "oom": f"The kernel killed it: it needed more memory than its {job.spec.limits.memory_mb} MB.",
        "timeout": f"It was stopped, because it ran longer than {timeout_text(job)}.",
        "stopped": f"It was stopped by {by}.",
        "start-failed": f"The command was never executed: {printable(job.ending.detail) or 'unknown why'}.",
        "lost": f"Nobody saw its end: {printable(job.ending.detail) or 'unknown why'}.",
    }
    return sentences[job.ending.reason]


def hint(job: Job) -> str:
    """Return what could be tried, empty if nothing comes to mind."""
    if job.ending is None:
        return f"rnx log {job.id} follows its output, rnx stop {job.id} ends it"
    hints = {
        "oom": f"try --max-memory {job.spec.limits.memory_mb * 3 // 2}",
        "timeout": f"try --timeout {duration_text(job.spec.timeout_seconds * 2)}"
        if job.spec.timeout_seconds
        else "try a longer --timeout; the longest is the server's",
        "lost": "the job may have done some of its work; look before you start it again",
    }
    return start_hint(job) if job.ending.reason == "start-failed" else hints.get(job.ending.reason, "")


def start_hint(job: Job) -> str:
    """Return what could be tried with a command that could not be executed."""
    if job.exit_code == NOT_FOUND:
        return "a job finds commands in the server's /usr/bin and the like: give a path, or install it there"
    if job.exit_code == NOT_EXECUTABLE:
        return "is it a program, and may everybody execute it? a script can be given to its interpreter"
    return ""


def signal_name(ending: Ending) -> str:
    """Return a signal's name and number."""
    name = SIGNALS.get(ending.signal)
    return f"{name} ({ending.signal})" if name else f"Signal {ending.signal}"


def timeout_text(job: Job) -> str:
    """Return how long a job was allowed to run; the server's own timeout is not told."""
    seconds = job.spec.timeout_seconds
    return duration_text(seconds) if seconds else "the server allows"
