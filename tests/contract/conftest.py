"""One daemon for all tests of the contract, and each place where jobs run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from joblet import Place
from joblet.testing.daemon import Daemon, running_daemon
from support.places import MAX_JOBS, PLACES, stop_all


@pytest.fixture(scope="package")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    settings = {"joblet": {"maxConcurrentJobs": MAX_JOBS}}
    with running_daemon(tmp_path_factory.mktemp("daemon"), settings=settings) as running:
        yield running


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest, daemon: Daemon, tmp_path: Path) -> AsyncIterator[Place]:
    """Return a place where jobs run; whatever runs when the test is over is stopped."""
    async with PLACES[request.param](tmp_path, daemon.node("admin")) as opened:
        yield opened
        await stop_all(opened)
