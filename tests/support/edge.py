"""A server without jobs, and clients for it: what the tests of TLS and of the caps need."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grpclib.client import Channel
from grpclib.exceptions import GRPCError

from joblet.config import GrpcConfig, RunnerConfig, ServerConfig, TlsConfig
from joblet.server.daemon import serving
from joblet.testing.authority import Authority
from joblet.wire.tls import client_context

if TYPE_CHECKING:
    from grpclib._typing import IServable


@contextlib.asynccontextmanager
async def running_edge(
    authority: Authority, services: Sequence[IServable] = (), **grpc: Any
) -> AsyncIterator[int]:
    """Serve health, reflection and these services while the block runs; yields the port."""
    config = ServerConfig(
        tls=authority.server(),
        runner=RunnerConfig(state_dir=Path("/nonexistent")),
        address="127.0.0.1",
        port=0,
        grpc=GrpcConfig(**{"drain_timeout_seconds": 0.1, **grpc}),
    )
    async with serving(config, list(services)) as (_, port):
        yield port


@contextlib.contextmanager
def connected(port: int, tls: TlsConfig) -> Iterator[Channel]:
    """Yield a channel to the server that is closed afterwards."""
    channel = Channel("127.0.0.1", port, ssl=client_context(tls))
    try:
        yield channel
    finally:
        channel.close()


@contextlib.contextmanager
def status_of_call() -> Iterator[list[GRPCError]]:
    """Yield a list that holds the GRPCError of the block afterwards, if there was one."""
    caught: list[GRPCError] = []
    try:
        yield caught
    except GRPCError as error:
        caught.append(error)
