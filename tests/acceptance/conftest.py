"""A running daemon for a module of tests, and who calls it: `rnx` as an admin, and a client to look with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.testing.daemon import Daemon, running_daemon
from support.programs import Program, write_rnx_config


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as daemon:
        yield daemon


@pytest.fixture
def rnx(daemon: Daemon, tmp_path: Path) -> Program:
    """`rnx` in a folder with an rnx-config.yml."""
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": daemon.node()})
    return Program("rnx", tmp_path)


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[Client]:
    async with Client(daemon.node()) as client:
        yield client
