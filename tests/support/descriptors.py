"""Every RPC that the protos define, from their descriptors, so that a new one cannot be forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpclib.client import Channel
from grpclib.const import Cardinality, Handler
from grpclib.health.v1 import health_pb2
from grpclib.reflection.v1 import reflection_pb2
from grpclib.reflection.v1alpha import reflection_pb2 as reflection_alpha_pb2

from joblet.errors import ServerError
from joblet.wire import generated

OURS = tuple(
    importlib.import_module(f"{generated.__name__}.{module.name}")
    for module in pkgutil.iter_modules(generated.__path__)
    if module.name.endswith("_pb2")
)
PROTOS = (*OURS, health_pb2, reflection_pb2, reflection_alpha_pb2)
REACHED = "the service was reached"


@dataclass(frozen=True)
class Rpc:
    """One method of one service."""

    path: str
    cardinality: Cardinality
    request: type[Message]
    answer: type[Message]

    async def call(self, channel: Channel) -> None:
        """Call it with an empty request, and wait for its status."""
        stream = channel.request(self.path, self.cardinality, self.request, self.answer)
        async with stream:
            await stream.send_message(self.request(), end=True)
            await stream.recv_message()


def rpcs() -> Iterator[Rpc]:
    """Yield all of them."""
    for proto in PROTOS:
        for service in proto.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield Rpc(
                    path=f"/{service.full_name}/{method.name}",
                    cardinality=cardinality(method),
                    request=GetMessageClass(method.input_type),
                    answer=GetMessageClass(method.output_type),
                )


def cardinality(method: MethodDescriptor) -> Cardinality:
    """Return grpclib's word for which sides stream."""
    sides = (bool(method.client_streaming), bool(method.server_streaming))
    return next(member for member in Cardinality if member.value == sides)


class Tripwire:
    """A service with every RPC there is, each of which only says that it was reached."""

    def __mapping__(self) -> dict[str, Handler]:
        return {rpc.path: Handler(reached, rpc.cardinality, rpc.request, rpc.answer) for rpc in rpcs()}


async def reached(_stream: Any) -> None:
    """Fail in a way that no guard does."""
    raise ServerError(REACHED)
