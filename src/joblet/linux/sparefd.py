"""One file descriptor in reserve, for what must be read even when the process has no other left."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Self, TypeVar

T = TypeVar("T")


class SpareFd:
    """Held idle until a call fails for want of one; a context manager."""

    def __init__(self) -> None:
        self._fd = _open()

    def call(self, call: Callable[[], T]) -> T:
        """Return what the call returns; if it fails for want of a descriptor, once more with the spare.

        The call must not await and must close what it opens, or the spare is lost to somebody else.

        Raises:
            OSError: as the call does.

        """
        try:
            return call()
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE} or self._fd is None:
                raise
        self.close()
        try:
            return call()
        finally:
            self._fd = _open()

    def close(self) -> None:
        """Give the reserve back; idempotent."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _open() -> int | None:
    try:
        return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
