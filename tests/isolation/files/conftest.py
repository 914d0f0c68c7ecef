"""A daemon that takes small uploads, and what is sent to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from joblet import Client
from joblet.testing.daemon import Daemon, running_daemon
from support.uploading import (
    MAX_WORKSPACE_BYTES,
    wait_no_uploads,
)

SETTINGS = {
    "limits": {"maxWorkspaceSize": f"{MAX_WORKSPACE_BYTES}"},
    "grpc": {"slowClientTimeout": "1s"},
    "joblet": {"maxConcurrentJobs": 3},
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon"), settings=SETTINGS) as daemon:
        yield daemon


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[Client]:
    """A client after whose test nothing is being uploaded, and no job runs."""
    async with Client(daemon.node()) as client:
        yield client
        for job in await client.list():
            if not job.status.is_terminal:
                await client.stop(job.id)
        await wait_no_uploads(daemon)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that takes a while."""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", MAX_WORKSPACE_BYTES - 1024)
    return tmp_path / "large"
