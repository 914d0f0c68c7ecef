"""Who calls, and may it: one rule for each RPC, beside `access.py`'s roles for each operation.

A path without a rule is denied to everybody, whatever the certificate says; a
test derives the paths from the protos and fails when one has no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from joblet.access import Operation, Principal, authorize, role_from_units
from joblet.errors import AccessDeniedError, UnauthenticatedError

Certificate = Mapping[str, Any]
"""A verified peer certificate, as `ssl.SSLObject.getpeercert` gives it."""

ANY_CERTIFICATE: Final = None
"""The rule of an RPC that every holder of a verified certificate may call."""

RULES: Mapping[str, Operation | None] = MappingProxyType(
    {
        "/joblet.JobletService/RunJob": Operation.RUN_JOB,
        "/joblet.JobletService/GetJobStatus": Operation.GET_JOB,
        "/joblet.JobletService/StopJob": Operation.STOP_JOB,
        "/joblet.JobletService/ListJobs": Operation.LIST_JOBS,
        "/joblet.JobletService/SearchJobs": Operation.LIST_JOBS,
        "/joblet.JobletService/GetJobLogs": Operation.STREAM_JOBS,
        "/joblet.JobletService/RemoveJobs": Operation.REMOVE_JOBS,
        "/joblet.JobletService/RunJobWithFiles": Operation.RUN_JOB,
        "/joblet.JobletService/DownloadFiles": Operation.DOWNLOAD_FILES,
        "/joblet.JobletService/WriteInput": Operation.WRITE_INPUT,
        "/joblet.JobletService/GetJobStats": Operation.GET_JOB,
        "/joblet.MonitoringService/GetSystemStatus": Operation.MONITOR,
        "/joblet.MonitoringService/StreamSystemMetrics": Operation.MONITOR,
        # What the document of this API leaves open ("TBD"): the same as for the same thing above.
        "/workerservice.WorkerService/Start": Operation.RUN_JOB,
        "/workerservice.WorkerService/Stop": Operation.STOP_JOB,
        "/workerservice.WorkerService/QueryStatus": Operation.GET_JOB,
        "/workerservice.WorkerService/GetOutput": Operation.STREAM_JOBS,
        # Whoever holds a certificate may know what they talk to.
        "/joblet.JobletService/GetVersion": ANY_CERTIFICATE,
        # A load balancer's probe needs no role: it learns that the server runs, which accepting the
        # connection has told it already.
        "/grpc.health.v1.Health/Check": ANY_CERTIFICATE,
        "/grpc.health.v1.Health/Watch": ANY_CERTIFICATE,
        # What reflection tells is in the public protos.
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": ANY_CERTIFICATE,
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": ANY_CERTIFICATE,
    }
)


def principal_from_certificate(certificate: Certificate | None) -> Principal:
    """Return who a certificate names: the common name, and the first unit that is a role.

    Raises:
        UnauthenticatedError: there is no certificate, or it names no role.

    """
    if not certificate:
        raise UnauthenticatedError("failed to extract client role: no TLS information found")
    names = subject_values(certificate, "commonName")
    units = subject_values(certificate, "organizationalUnitName")
    return Principal(name=names[0] if names else "", role=role_from_units(units))


def subject_values(certificate: Certificate, attribute: str) -> Sequence[str]:
    """Return the values of one attribute of the subject, in their order."""
    return [value for parts in certificate["subject"] for name, value in parts if name == attribute]


def authorize_call(path: str, certificate: Certificate | None) -> None:
    """Return if whoever showed this certificate may call this RPC.

    Raises:
        UnauthenticatedError: the RPC needs a role, and the certificate names none.
        AccessDeniedError: the role may not, or the RPC has no rule.

    """
    rule = RULES.get(path, path)
    if rule is ANY_CERTIFICATE:
        return
    principal = principal_from_certificate(certificate)
    if not isinstance(rule, Operation):
        raise AccessDeniedError(principal.role, path)
    authorize(principal, rule)
