"""From a plain question to the text that the full program would print."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from joblet.cli import render
from joblet.cli.quick.call import call
from joblet.cli.quick.message import JOB, JOBS, Message, read_message
from joblet.cli.quick.plain import Question, server_of
from joblet.wire.values import job_from_message

if TYPE_CHECKING:
    from joblet.job import Job
    from joblet.wire.values import JobMessage

SERVICE = "/joblet.JobletService"
ID_FIELD = 0x0A
"""The tag of a message's first field, a text."""


def text_of(question: Question) -> str:
    """Return what answers a question; "" for a list without jobs.

    Raises:
        Exception: it could not be had in the plain way.

    """
    server = server_of(question.said)
    if question.verb == "status":
        job_id = question.job_id.encode()
        request = bytes([ID_FIELD, len(job_id)]) + job_id
        return render.status(job_of(read_message(JOB, call(server, f"{SERVICE}/GetJobStatus", request))))
    jobs = read_message(JOBS, call(server, f"{SERVICE}/ListJobs", b"")).jobs
    return "\n".join(render.listed(job_of(message)) for message in jobs)


def job_of(message: Message) -> Job:
    """Return the job that a message describes."""
    return job_from_message(cast("JobMessage", message))
