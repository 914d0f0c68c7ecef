"""A listener of its own for Prometheus: `GET /metrics` over plain HTTP/1, and nothing else.

It has no TLS and no roles, so it is off unless it is configured, and on the
loopback unless an address is. By asyncio, in the daemon's loop: the server
that prometheus_client brings has a thread for each client, and no limits. An
answer closes its connection; a client that takes too long loses it.
"""

from __future__ import annotations

import asyncio
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Self

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from joblet.config import MetricsConfig
from joblet.server.listener import bind

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PATH = "/metrics"
MOST_CLIENTS = 16
MOST_HEADER_BYTES = 8 * 1024
PATIENCE_SECONDS = 5.0
"""From the first byte of a request to the last of its answer; both are small."""

Collect = Callable[[], Awaitable[bytes]]
"""Makes the answer, when it is asked for."""


class MetricsListener:
    """Serves what `collect` returns; use as `async with MetricsListener(...) as listener:`.

    Raises:
        ConfigurationError: the address is none of this host, or is taken.

    """

    def __init__(
        self, config: MetricsConfig, collect: Collect, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._socket = bind(config.address, config.port, key="metrics")
        self._collect = collect
        self._patience_seconds = patience_seconds
        self._serving: set[asyncio.Task[Any] | None] = set()
        self._server: asyncio.Server

    @property
    def address(self) -> tuple[str, int]:
        """The address and port where it listens."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, sock=self._socket, limit=MOST_HEADER_BYTES)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._serving:
            if task:
                task.cancel()
        await asyncio.gather(*filter(None, self._serving), return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        if len(self._serving) >= MOST_CLIENTS:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        self._serving.add(task)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._exchange(reader, writer)
            writer.close()
        except (TimeoutError, OSError, IncompleteReadError) as error:
            log.debug("metrics client lost", reason=str(error) or type(error).__name__)
        finally:
            writer.transport.abort()  # nothing if all is sent: then it is closed
            self._serving.discard(task)

    async def _exchange(self, reader: StreamReader, writer: StreamWriter) -> None:
        # Else `drain` returns while there is still some of the answer to send.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except LimitOverrunError:
            answer = response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            status = status_of(request.split(b"\r\n", 1)[0].decode("latin-1"))
            answer = response(status, await self._collect() if status is HTTPStatus.OK else b"")
        writer.write(answer)
        await writer.drain()


def status_of(line: str) -> HTTPStatus:
    """Return how a request line is answered (RFC 9112, section 3)."""
    parts = line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004  method, target, version
        return HTTPStatus.BAD_REQUEST
    if parts[1].partition("?")[0] != PATH:
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.OK if parts[0] == "GET" else HTTPStatus.METHOD_NOT_ALLOWED


def response(status: HTTPStatus, body: bytes = b"") -> bytes:
    """Return a whole answer, after which the connection is closed."""
    kind = CONTENT_TYPE_LATEST if status is HTTPStatus.OK else "text/plain"
    body = body or f"{status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nAllow: GET\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
