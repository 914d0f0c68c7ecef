"""The second API's answers as the text that `job-worker` prints. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joblet.cli.render import printable

if TYPE_CHECKING:
    from joblet.wire.worker import Started, WorkerJob


def started(answer: Started) -> str:
    """Return what `job-worker start` prints."""
    return f"Job started:\nID: {printable(answer.id)}\nPid: {answer.pid}"


def stopped(job_id: str) -> str:
    """Return what `job-worker stop` prints."""
    return f"Job stopped successfully:\nID: {job_id}"


def status(job: WorkerJob) -> str:
    """Return what `job-worker status` prints; a pid only if there is or was one."""
    lines = [
        f"Id: {job.id}",
        f"Command: {printable(job.command)}",
        f"Status: {job.status}",
        f"ExitCode: {job.exit_code}",
    ]
    if job.pid:
        lines.append(f"Pid: {job.pid}")
    return "\n".join(lines)
