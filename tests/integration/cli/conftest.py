"""A server end that runs nothing, and an `rnx` that is set up to call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from joblet.config import Node
from joblet.testing.authority import Authority
from support.fakeservice import FakeService, serving
from support.programs import Program, write_rnx_config


@pytest.fixture(scope="package")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
async def node(service: FakeService, authority: Authority) -> AsyncIterator[Node]:
    async with serving(service, authority.server()) as address:
        yield Node(address=address, tls=authority.client("admin"))


@pytest.fixture
def rnx(tmp_path: Path, node: Node) -> Program:
    """`rnx` in a folder with an rnx-config.yml."""
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": node})
    return Program("rnx", tmp_path)
