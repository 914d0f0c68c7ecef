"""Every server tells whether it is well and what it can do."""

from __future__ import annotations

import asyncio

from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.reflection.v1.reflection_grpc import ServerReflectionStub
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest

from joblet.testing.authority import Authority
from support.edge import connected, running_edge


async def test_health_answers_a_certificate_without_a_role() -> None:
    """A probe needs a certificate of the authority, and no role."""
    authority = Authority()
    async with running_edge(authority) as port:
        with connected(port, authority.client()) as channel:
            answer = await HealthStub(channel).Check(HealthCheckRequest())

    assert answer.status == HealthCheckResponse.SERVING
