"""A host of our own, with systemd and joblet's units: only in the throw-away guest of `make test-vm`."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from joblet import Client
from joblet.configfile.client import read_nodes
from joblet.errors import JobNotRunningError
from support.units import CONFIG_FOLDER, Units

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests elsewhere: they install units, and stop them."""
    if os.environ.get("JOBLET_TEST_VM") == "1":
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="needs a throw-away host with systemd: make test-vm"))


@pytest.fixture(scope="session")
def installed() -> str:
    """Install joblet as its how-to says, once; return what was printed."""
    command = ["joblet", "init", "--dir", CONFIG_FOLDER, "--address", "127.0.0.1:50051", "--systemd"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "enable", "--now", "joblet"], check=True)
    return printed


@pytest.fixture
def units(installed: str) -> Units:
    """Return joblet's units, both running."""
    units = Units()
    units.systemctl("start", "joblet")
    return units


@pytest.fixture
async def client(units: Units) -> AsyncIterator[Client]:
    """Return a client of the installed daemon; afterwards no job runs."""
    node = read_nodes(Path(CONFIG_FOLDER, "rnx-config.yml"))["default"]
    async with Client(node, timeout_seconds=60) as client:
        yield client
        for job in await client.list():
            if not job.status.is_terminal:
                with contextlib.suppress(JobNotRunningError):  # it has ended by itself a moment ago
                    await client.stop(job.id)
