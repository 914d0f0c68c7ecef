"""How much of the host a job may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from joblet.limits import Limits
from joblet.runner.host import _within_host


@pytest.fixture
def one_core() -> Iterator[None]:
    """Let this process, and what it starts, run on one core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def test_cores_that_jobs_cannot_use_do_not_count(one_core: None) -> None:
    """Jobs inherit the daemon's cores, so these are the ceiling, as `joblet doctor` says."""
    assert _within_host(Limits()).cpu_percent == 100
    assert _within_host(Limits(cpu_percent=400)).cpu_percent == 100


def test_a_ceiling_below_the_host_stands() -> None:
    """What is configured holds where the host has more."""
    assert _within_host(Limits(cpu_percent=50, memory_mb=64, io_bps=7)) == Limits(50, 64, 7)
