"""Somebody sets the wall clock while jobs run: durations do not notice (the guest's clock is ours to set)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from joblet import Client, JobSpec, JobStatus, Reason

TIMEOUT_SECONDS = 5.0
HOUR_SECONDS = 3600


@pytest.fixture
def true_clock() -> Iterator[None]:
    """Put the clock right again afterwards, by the one that nobody can set."""
    offset = time.time() - time.monotonic()
    yield
    time.clock_settime(time.CLOCK_REALTIME, time.monotonic() + offset)


def move_clock(seconds: int) -> None:
    """Set the wall clock forward or back."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


@pytest.mark.usefixtures("true_clock")
@pytest.mark.parametrize("hours", [1, -1])
async def test_an_hour_forward_or_back(client: Client, hours: int) -> None:
    """A timeout takes as long as it says, a stop works, an end is seen, whatever the clock shows."""
    begin = time.monotonic()
    late = await client.start(JobSpec("sleep", ("6000",), timeout_seconds=TIMEOUT_SECONDS))
    stopped = await client.start(JobSpec("sleep", ("6000",)))
    ends = await client.start(JobSpec("sleep", ("1",)))

    move_clock(hours * HOUR_SECONDS)

    ended = [await client.stop(stopped.id), await client.wait(ends.id), await client.wait(late.id)]
    took = time.monotonic() - begin
    assert [job.status for job in ended] == [JobStatus.STOPPED, JobStatus.COMPLETED, JobStatus.STOPPED]
    assert ended[2].ending is not None
    assert ended[2].ending.reason is Reason.TIMEOUT
    assert TIMEOUT_SECONDS <= took < HOUR_SECONDS / 2
    subprocess.run(["systemctl", "is-active", "--quiet", "joblet"], check=True)  # noqa: ASYNC221  a moment
