"""What the client's and the command line's tests start from: a server end that runs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from joblet.config import Node
from joblet.testing.authority import Authority
from support.fakeservice import FakeService, serving


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
async def node(service: FakeService, authority: Authority) -> AsyncIterator[Node]:
    async with serving(service, authority.server()) as address:
        yield Node(address=address, tls=authority.client("admin"))
