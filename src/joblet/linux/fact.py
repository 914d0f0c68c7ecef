"""One thing that was found out about this host, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """Whether jobs have what they need."""

    #: as it should be
    OK = "ok"
    #: jobs run, and something is less than it could be; `detail` says what
    LIMITED = "limited"
    #: a job that needs it is refused
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fact:
    """A finding: `detail` says what was seen, `fix` how to change it, "" where there is nothing to fix."""

    name: str
    state: State
    detail: str
    fix: str = ""
