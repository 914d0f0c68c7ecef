"""Every error has one status, and comes back as itself."""

from __future__ import annotations

import inspect

import pytest
from grpclib.const import Status

from joblet import errors
from joblet.errors import JobletError
from joblet.wire.status import ERROR_KEY, LONGEST_TEXT, STATUS_OF_ERROR, error_from_status, status_of

RAISED = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, JobletError) and value is not JobletError
]


def test_every_error_has_a_status() -> None:
    """The table has each class of errors.py exactly once: a new class without a status fails here."""
    assert set(STATUS_OF_ERROR) == set(RAISED)


@pytest.mark.parametrize("error_class", RAISED)
def test_an_error_comes_back_as_itself(error_class: type[JobletError]) -> None:
    """The client raises the class and the message that the server raised."""
    error = error_class.__new__(error_class, "no such thing: 7")

    code, message, metadata = status_of(error)
    rebuilt = error_from_status(code, message, metadata)

    assert type(rebuilt) is error_class
    assert str(rebuilt) == "no such thing: 7"


@pytest.mark.parametrize("size", [LONGEST_TEXT + 1, 500_000])
def test_a_long_text_is_cut(size: int) -> None:
    """What a caller sent may be in an error, but not at any length: a header is slow to encode."""
    message = "job not found: ".ljust(size, "7")

    _, sent, _ = status_of(errors.JobNotFoundError.__new__(errors.JobNotFoundError, message))

    assert sent == message[: LONGEST_TEXT - 3] + "..."


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Status.INVALID_ARGUMENT, errors.InvalidRequestError),
        (Status.NOT_FOUND, errors.JobNotFoundError),
        (Status.FAILED_PRECONDITION, errors.WrongStatusError),
        (Status.UNAUTHENTICATED, errors.UnauthenticatedError),
        (Status.PERMISSION_DENIED, errors.AccessDeniedError),
        (Status.UNAVAILABLE, errors.ServerUnavailableError),
        (Status.DEADLINE_EXCEEDED, errors.DeadlineExceededError),
        (Status.RESOURCE_EXHAUSTED, errors.ServerError),
        (Status.INTERNAL, errors.ServerError),
        (Status.UNIMPLEMENTED, errors.ServerError),
    ],
)
def test_another_server_names_no_class(code: Status, expected: type[JobletError]) -> None:
    """A status alone becomes the class that is right for all errors with it, or a ServerError."""
    assert type(error_from_status(code, "because", {})) is expected


@pytest.mark.parametrize("name", ["JobNotFoundError", "Exception", "JobletError", "", "os.system"])
def test_a_name_that_does_not_fit_the_status_is_ignored(name: str) -> None:
    """The name in the metadata chooses among the classes of the status, and nothing else."""
    error = error_from_status(Status.UNAUTHENTICATED, "who?", {ERROR_KEY: name})

    assert type(error) is errors.UnauthenticatedError


def test_a_status_without_a_message_says_its_code() -> None:
    """There is always something to print."""
    assert str(error_from_status(Status.UNAVAILABLE, None, {})) == "the server answered UNAVAILABLE"
