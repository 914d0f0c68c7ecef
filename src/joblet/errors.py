"""Every error that joblet raises on purpose.

One class per thing a caller can act on. The message is complete when the
error is raised: it says what was wrong, which one, and what was seen, in the
words of the API (`job not found: 999`). `wire/status.py` maps each class to
one gRPC status and back, `cli/` to one exit code; nothing else translates.
"""

from __future__ import annotations


class JobletError(Exception):
    """Base of all errors below; never raised itself."""


class InvalidRequestError(JobletError):
    """The request can never succeed as it is written."""


class InvalidCommandError(InvalidRequestError):
    """The command or an argument is empty or has a character that is refused."""

    def __init__(self, why: str) -> None:
        super().__init__(f"invalid command: {why}")


class InvalidLimitError(InvalidRequestError):
    """A limit is negative, absurd, or above what this server grants."""

    def __init__(self, why: str) -> None:
        super().__init__(f"job creation failed: {why}")


class InvalidFileError(InvalidRequestError):
    """A file cannot be carried: its path or its kind is refused."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"invalid file: {path}: {why}")


class PathNotFoundError(InvalidRequestError):
    """A job's folder has no such file or folder, at least for now."""

    def __init__(self, job_id: str, path: str) -> None:
        super().__init__(f"no such file or folder in /work of job {job_id}: {path}")


class JobNotFoundError(JobletError):
    """No job has this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job not found: {job_id}")


class WrongStatusError(JobletError):
    """The job is in a status in which this cannot be done to it."""


class JobNotRunningError(WrongStatusError):
    """The job has already ended, so it can neither be stopped nor be given input."""

    def __init__(self, job_id: str, status: str) -> None:
        super().__init__(f"job is not running: {job_id} (current status: {status})")


class JobRunningError(WrongStatusError):
    """The job has not ended, so it cannot be removed."""

    def __init__(self, job_id: str, status: str) -> None:
        super().__init__(f"job has not ended: {job_id} (current status: {status})")


class InputReplacedError(JobletError):
    """Another call writes the job's input now; one at a time can."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"input of job {job_id} is written by somebody else now")


class TooManyJobsError(JobletError):
    """As many jobs run as the configuration allows at once."""

    def __init__(self, maximum: int) -> None:
        super().__init__(f"job creation failed: maximum concurrent jobs reached ({maximum})")


class WorkspaceTooLargeError(JobletError):
    """What is uploaded for a job is more than it may bring."""

    def __init__(self, size_bytes: int, maximum_bytes: int) -> None:
        super().__init__(
            "job creation failed: files exceed maxWorkspaceSize"
            f" (got {size_bytes} bytes, at most {maximum_bytes})"
        )


class MessageTooLargeError(JobletError):
    """A gRPC message is larger than the receiver accepts."""

    def __init__(self, size_bytes: int, maximum_bytes: int) -> None:
        super().__init__(f"message too large: {size_bytes} bytes (maximum {maximum_bytes})")


class UnauthenticatedError(JobletError):
    """It is not known who calls: no certificate, a bad one, or one without a role."""


class AccessDeniedError(JobletError):
    """The caller is known, and their role may not do this."""

    def __init__(self, role: str, operation: str) -> None:
        super().__init__(f"role {role} is not allowed to perform operation {operation}")


class HostError(JobletError):
    """This host cannot do what the job needs, so the job was not started."""


class CgroupError(HostError):
    """A limit cannot be set, or reads back as something else."""

    def __init__(self, why: str) -> None:
        super().__init__(f"cgroup setup failed: {why}")


class IsolationError(HostError):
    """Namespaces or the private root cannot be made."""

    def __init__(self, why: str) -> None:
        super().__init__(f"failed to create isolated environment: {why}")


class PlatformError(HostError):
    """Jobs run on Linux only."""

    def __init__(self, platform: str) -> None:
        super().__init__(f"job execution requires Linux server (current: {platform})")


class StorageError(HostError):
    """The state directory cannot be written, so nothing was accepted; or it cannot be read."""

    def __init__(self, why: str) -> None:
        super().__init__(f"job storage failed: {why}")


class FileAccessError(JobletError):
    """A file on this side, not the server's, cannot be read or written."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{path}: {error.strerror or error}")


class StateDirectoryInUseError(JobletError):
    """Another daemon runs on the same state directory."""

    def __init__(self, path: str) -> None:
        super().__init__(f"state directory is in use by another joblet: {path}")


class ConfigurationError(JobletError):
    """A configuration file is wrong; says where, what, and what was expected."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


class ServerUnavailableError(JobletError):
    """The server cannot be reached, or does not speak TLS 1.3 and gRPC."""


class SlowClientError(ServerUnavailableError):
    """A client neither took output nor sent files for too long; it may come back."""

    def __init__(
        self, timeout_seconds: float, *, what: str = "read", then: str = "resume where it ended"
    ) -> None:
        super().__init__(f"client too slow: nothing was {what} for {timeout_seconds:g} s; {then}")


class DeadlineExceededError(JobletError):
    """The server did not answer in time; whether it acted is unknown."""


class ServerError(JobletError):
    """The server failed in a way that has no class of its own."""
