"""Who may do what: one table, default deny. Pure.

A principal is what the client's certificate says. An operation that is not in
`ACCESS` is denied to everybody; a test derives the list of RPCs from the
protos and fails when one of them has no operation here.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from joblet.errors import AccessDeniedError, UnauthenticatedError


class Role(enum.StrEnum):
    """What a certificate's organizational unit (OU) may say."""

    ADMIN = "admin"
    VIEWER = "viewer"


class Operation(enum.StrEnum):
    """What can be asked of a server; the values are those of its messages."""

    RUN_JOB = "run_job"
    GET_JOB = "get_job"
    STOP_JOB = "stop_job"
    LIST_JOBS = "list_jobs"
    STREAM_JOBS = "stream_jobs"
    REMOVE_JOBS = "remove_jobs"
    DOWNLOAD_FILES = "download_files"
    WRITE_INPUT = "write_input"
    MONITOR = "monitor"


EVERYBODY = frozenset(Role)
ADMINS = frozenset({Role.ADMIN})

ACCESS: Mapping[Operation, frozenset[Role]] = MappingProxyType(
    {
        Operation.RUN_JOB: ADMINS,
        Operation.STOP_JOB: ADMINS,
        Operation.REMOVE_JOBS: ADMINS,
        Operation.WRITE_INPUT: ADMINS,
        # What was uploaded for a job may be secret, as its environment may, which no answer tells either.
        Operation.DOWNLOAD_FILES: ADMINS,
        Operation.GET_JOB: EVERYBODY,
        Operation.LIST_JOBS: EVERYBODY,
        Operation.STREAM_JOBS: EVERYBODY,
        Operation.MONITOR: EVERYBODY,
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: the common name and the role of a verified certificate."""

    name: str
    role: Role


def role_from_units(units: Iterable[str]) -> Role:
    """Return the first organizational unit that names a role, in any case.

    Raises:
        UnauthenticatedError: none does.

    """
    seen = list(units)
    for unit in seen:
        try:
            return Role(unit.strip().lower())
        except ValueError:
            continue
    found = ", ".join(repr(unit) for unit in seen) or "none"
    raise UnauthenticatedError(
        f"failed to extract client role: the certificate's OU must be admin or viewer (found {found})"
    )


def authorize(principal: Principal, operation: Operation) -> None:
    """Return if the principal may do this.

    Raises:
        AccessDeniedError: the role may not, or the operation has no rule.

    """
    if principal.role not in ACCESS.get(operation, frozenset()):
        raise AccessDeniedError(principal.role, operation)
