"""Every error of `joblet.errors` as a gRPC status, and back: one table for both directions.

A gRPC status has a code and a text. Several classes share a code, so the class
travels beside it, by name, in trailing metadata (`joblet-error`). Another
server sends none: then the code alone decides, and it names a class only where
that class is right whatever happened (`class_of_status`).

Not here: what the errors of a connection mean, before there is any status (`tls.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from grpclib.const import Status

from joblet import errors
from joblet.errors import JobletError, ServerError

ERROR_KEY = "joblet-error"
"""The trailing metadata key that names the class of an error."""

LONGEST_TEXT = 512
"""The most characters of an error's text that are sent.

A text may repeat what the caller sent, which is as long as a message may be. It travels in a header, and
hpack's Huffman encoder takes a time that grows with the square of the length: 34 s for 500 kB.
"""

STATUS_OF_ERROR: Mapping[type[JobletError], Status] = MappingProxyType(
    {
        errors.InvalidRequestError: Status.INVALID_ARGUMENT,
        errors.InvalidCommandError: Status.INVALID_ARGUMENT,
        errors.InvalidLimitError: Status.INVALID_ARGUMENT,
        errors.InvalidFileError: Status.INVALID_ARGUMENT,
        errors.PathNotFoundError: Status.INVALID_ARGUMENT,
        errors.JobNotFoundError: Status.NOT_FOUND,
        errors.WrongStatusError: Status.FAILED_PRECONDITION,
        errors.JobNotRunningError: Status.FAILED_PRECONDITION,
        errors.JobRunningError: Status.FAILED_PRECONDITION,
        errors.InputReplacedError: Status.ABORTED,
        errors.TooManyJobsError: Status.RESOURCE_EXHAUSTED,
        errors.WorkspaceTooLargeError: Status.RESOURCE_EXHAUSTED,
        errors.MessageTooLargeError: Status.RESOURCE_EXHAUSTED,
        errors.UnauthenticatedError: Status.UNAUTHENTICATED,
        errors.AccessDeniedError: Status.PERMISSION_DENIED,
        errors.HostError: Status.INTERNAL,
        errors.CgroupError: Status.INTERNAL,
        errors.IsolationError: Status.INTERNAL,
        errors.PlatformError: Status.INTERNAL,
        errors.StorageError: Status.INTERNAL,
        errors.FileAccessError: Status.INTERNAL,
        errors.StateDirectoryInUseError: Status.INTERNAL,
        errors.ConfigurationError: Status.INTERNAL,
        errors.ServerError: Status.INTERNAL,
        errors.ServerUnavailableError: Status.UNAVAILABLE,
        errors.SlowClientError: Status.UNAVAILABLE,
        errors.DeadlineExceededError: Status.DEADLINE_EXCEEDED,
    }
)

CLASS_OF_NAME: Mapping[str, type[JobletError]] = MappingProxyType(
    {error_class.__name__: error_class for error_class in STATUS_OF_ERROR}
)


def status_of(error: JobletError) -> tuple[Status, str, dict[str, str]]:
    """Return the code, the text and the trailing metadata that carry an error."""
    return STATUS_OF_ERROR[type(error)], text_of(error), {ERROR_KEY: type(error).__name__}


def text_of(error: JobletError) -> str:
    """Return the text of an error, cut where it is too long to send."""
    text = str(error)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."


def error_from_status(code: Status, message: str | None, metadata: Mapping[str, object]) -> JobletError:
    """Return the error that a status carries, with the server's message as it stands.

    The class that the metadata names counts only if it has this code: a
    server of another version may have moved it.
    """
    named = CLASS_OF_NAME.get(str(metadata.get(ERROR_KEY)), JobletError)
    chosen = named if STATUS_OF_ERROR.get(named) is code else class_of_status(code)
    # The constructors take parts (a job's id) of which this is the complete message, so they are
    # passed over; BaseException.__new__ keeps the arguments that __str__ shows.
    return chosen.__new__(chosen, message or f"the server answered {code.name}")


def class_of_status(code: Status) -> type[JobletError]:
    """Return the class that is right for every error with this code.

    That is the one that all classes with this code derive from; where there
    is none, as for RESOURCE_EXHAUSTED, it is `ServerError`.
    """
    classes = [error_class for error_class, status in STATUS_OF_ERROR.items() if status is code]
    for candidate in classes:
        if all(issubclass(other, candidate) for other in classes):
            return candidate
    return ServerError
