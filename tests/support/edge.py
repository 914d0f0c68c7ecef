"""A server without jobs, and clients for it: what the tests of TLS and of the caps need."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grpclib.client import Channel
from grpclib.exceptions import GRPCError

from joblet.config import GrpcConfig, RunnerConfig, ServerConfig, TlsConfig
from joblet.server.calls import Calls
from joblet.server.daemon import serving
from joblet.server.edge import Edge
from joblet.server.listener import Listener
from joblet.server.meter import Meter
from joblet.testing.authority import Authority
from joblet.wire.tls import client_context

if TYPE_CHECKING:
    from grpclib._typing import IServable


@contextlib.asynccontextmanager
async def running_edge(
    authority: Authority, services: Sequence[IServable] = (), *, meter: Meter | None = None, **grpc: Any
) -> AsyncIterator[int]:
    """Serve health, reflection and these services while the block runs; yields the port."""
    config = ServerConfig(
        tls=authority.server(),
        runner=RunnerConfig(state_dir=Path("/nonexistent")),
        address="127.0.0.1",
        port=0,
        grpc=GrpcConfig(**{"drain_timeout_seconds": 0.1, **grpc}),
    )
    async with serving(config, list(services), meter or Meter()) as (_, port):
        yield port


@contextlib.asynccontextmanager
async def running_only(authority: Authority, service: IServable, **grpc: Any) -> AsyncIterator[int]:
    """Serve this service alone, not even health beside it; yields the port."""
    config = GrpcConfig(**grpc)
    edge = Edge(Calls(Meter()).guarded(service.__mapping__()), config)
    async with Listener(edge, authority.server(), config, address="127.0.0.1", port=0) as listener:
        yield listener.address[1]


@contextlib.contextmanager
def connected(port: int, tls: TlsConfig) -> Iterator[Channel]:
    """Yield a channel to the server that is closed afterwards."""
    channel = Channel("127.0.0.1", port, ssl=client_context(tls))
    try:
        yield channel
    finally:
        channel.close()


async def call_failure(call: Awaitable[object]) -> GRPCError:
    """Return the error that a call ends with.

    Raises:
        AssertionError: it succeeds.

    """
    try:
        await call
    except GRPCError as error:
        return error
    raise AssertionError("the call succeeded")
