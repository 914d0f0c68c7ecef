"""Which jobs somebody asks for, and in what order. Pure.

Jobs are given in pages. A page begins after a place, the sort key and the id
of the last job seen, rather than at a number: what is started or removed
meanwhile neither repeats a job nor leaves one out.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from joblet.errors import InvalidRequestError
from joblet.job import Job, JobStatus

PATTERN_LENGTH = 1024
"""The most characters of a pattern; a name has at most `job.NAME_LENGTH`, and SQLite takes 50,000 bytes."""


class Sort(enum.StrEnum):
    """What jobs can be sorted by; among equals by age."""

    AGE = "age"
    NAME = "name"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; each condition that is empty is none.

    `name` is a pattern: `*` stands for any characters, `?` for one, `[ab]` for
    one of some. `after` is where the last page ended.

    Raises:
        InvalidRequestError: `after` is not what a page ended with, or the pattern is too long.

    """

    statuses: frozenset[JobStatus] = frozenset()
    name: str = ""
    since: datetime | None = None
    sort: Sort = Sort.AGE
    is_reversed: bool = False
    after: str = ""

    def __post_init__(self) -> None:
        if len(self.name) > PATTERN_LENGTH:
            raise InvalidRequestError(
                f"name: expected a pattern of at most {PATTERN_LENGTH} characters, got {len(self.name)}"
            )
        job_id, _, _ = self.after.partition(" ")
        if self.after and not (job_id.isascii() and job_id.isdecimal() and len(job_id) < len(str(2**63))):
            raise InvalidRequestError(f"page: expected what the last answer ended with, got {self.after!r}")

    @property
    def last_seen(self) -> tuple[str, int] | None:
        """The sort key and the id of the last job seen, None at the beginning."""
        job_id, _, key = self.after.partition(" ")
        return (key, int(job_id)) if job_id else None

    def place_of(self, job: Job) -> str:
        """Return where a page ends whose last job this is."""
        keys = {Sort.AGE: "", Sort.NAME: job.spec.name, Sort.STATUS: job.status.value}
        return f"{job.id} {keys[self.sort]}"
