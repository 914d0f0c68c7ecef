"""When to try again what found no server, and when to give up.

Not: what may be tried again; that is the caller's to say, who knows whether it
is harmless. The waits double up to a maximum, each shortened by up to half at
random, so that the clients of a server that restarts do not all come at once.
Nothing tells a client that a server is back, so this is the one place that
waits for time to pass.
"""

from __future__ import annotations

import asyncio
import random

from joblet.errors import ServerUnavailableError

FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0


class Tries:
    """The tries of one call, and how long there may be more."""

    def __init__(self, patience_seconds: float) -> None:
        self.failures = 0
        self._patience_seconds = patience_seconds
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._gives_up_at: float | None = None

    def progressed(self) -> None:
        """Start all over: the patience is for the time in which nothing comes."""
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._gives_up_at = None

    async def wait_next(self, failure: ServerUnavailableError) -> None:
        """Return when it is time for the next try.

        Raises:
            ServerUnavailableError: the patience is over; it says why and after how long.

        """
        self.failures += 1
        now = asyncio.get_running_loop().time()
        if self._gives_up_at is None:
            self._gives_up_at = now + self._patience_seconds
        left_seconds = self._gives_up_at - now
        if not self._patience_seconds:
            raise failure
        if left_seconds <= 0:
            raise ServerUnavailableError(
                f"{failure} (gave up after {self._patience_seconds:g} s)"
            ) from failure
        wait_seconds = self._wait_seconds * random.uniform(0.5, 1)  # noqa: S311  not for secrets
        self._wait_seconds = min(self._wait_seconds * 2, LONGEST_WAIT_SECONDS)
        await asyncio.sleep(min(wait_seconds, left_seconds))
