"""Every server tells whether it is well and what it can do."""

from __future__ import annotations

from grpclib.const import Cardinality, Handler
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.reflection.v1.reflection_grpc import ServerReflectionStub
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest

from joblet.testing.authority import Authority
from joblet.wire.generated import joblet_pb2 as pb
from support.descriptors import reached
from support.edge import connected, running_edge


class Jobs:
    """A service by the name of the real one."""

    def __mapping__(self) -> dict[str, Handler]:
        path = "/joblet.JobletService/ListJobs"
        return {path: Handler(reached, Cardinality.UNARY_UNARY, pb.EmptyRequest, pb.Jobs)}


async def test_health_answers_a_certificate_without_a_role() -> None:
    """A probe needs a certificate of the authority and no role; it may ask for all or for one service."""
    authority = Authority()
    async with running_edge(authority, [Jobs()]) as port:
        with connected(port, authority.client()) as channel:
            answers = [
                await HealthStub(channel).Check(HealthCheckRequest(service=name))
                for name in ("", "joblet.JobletService")
            ]

    assert [answer.status for answer in answers] == [HealthCheckResponse.SERVING] * 2


async def test_reflection_describes_the_api() -> None:
    """A tool that knows nothing learns the services and the messages from the server itself."""
    authority = Authority()
    async with running_edge(authority, [Jobs()]) as port:
        with connected(port, authority.client("viewer")) as channel:
            services, file = await ServerReflectionStub(channel).ServerReflectionInfo(
                [
                    ServerReflectionRequest(list_services=""),
                    ServerReflectionRequest(file_containing_symbol="joblet.JobletService"),
                ]
            )

    names = {service.name for service in services.list_services_response.service}
    assert names == {"joblet.JobletService", "grpc.health.v1.Health"}
    assert file.file_descriptor_response.file_descriptor_proto == [pb.DESCRIPTOR.serialized_pb]
