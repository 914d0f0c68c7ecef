"""Accepts connections: how many, from whom TLS allows, and until when.

Connections are accepted here and not by `asyncio.Server`, which can neither
refuse one before its handshake nor say whose handshake failed. A connection
takes one of `max_connections` places from its accept to its loss, so a client
that stalls in the handshake takes one for `handshake_timeout_seconds` at most.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Self

import structlog

from joblet.config import GrpcConfig, TlsConfig
from joblet.errors import ConfigurationError
from joblet.server import activation
from joblet.server.edge import Edge, EdgeProtocol
from joblet.wire.tls import server_context

log: structlog.stdlib.BoundLogger = structlog.get_logger()

OF_ONE_CONNECTION = frozenset(
    {
        *(errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENOPROTOOPT, errno.EOPNOTSUPP),
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
    }
)
"""What `accept(2)` fails with when one connection is gone or forbidden; the next may do."""

RETRY_SECONDS = 1.0
"""How long to wait for room at most: another process may have taken it, whose end nobody reports."""

CLOSE_SECONDS = 1.0
"""How long a client may take to read the last bytes and close its side."""


SHAKING_HANDS: ContextVar[str] = ContextVar("peer", default="unknown")
"""The address of the client whose handshake is under way: OpenSSL's objects do not know it."""


OnRefused = Callable[[ssl.SSLError], None]
"""Told of a client that does not get through the handshake."""


class Listener:
    """Serves an edge on one address; use as `async with Listener(...) as listener:`.

    Leaving the block closes every connection, without waiting for calls.
    """

    def __init__(
        self,
        edge: Edge,
        tls: TlsConfig,
        config: GrpcConfig,
        *,
        address: str,
        port: int,
        on_refused: OnRefused = lambda _error: None,
    ) -> None:
        self._edge = edge
        self._config = config
        self._context = server_context(tls, on_refused=logged(on_refused))
        self._socket = listen(address, port)
        self._places = 0
        self._place_freed = asyncio.Event()
        self._connected: set[EdgeProtocol] = set()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None]

    @property
    def address(self) -> tuple[str, int]:
        """The address and port that connections are accepted on."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    async def __aenter__(self) -> Self:
        self._accepting = asyncio.create_task(self._accept_all())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop_accepting()
        for protocol in set(self._connected):
            protocol.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._connected:
                    self._place_freed.clear()
                    await self._place_freed.wait()
        except TimeoutError:
            for protocol in self._connected:
                protocol.abort()

    async def stop_accepting(self) -> None:
        """Close the address, and connections that are not through their handshake."""
        tasks = {self._accepting, *self._handshakes}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()

    async def _accept_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(self._socket)
            except OSError as error:
                await self._wait_for_room(error)
                continue
            if self._places >= self._config.max_connections:
                log.warning("connection refused", reason="too many", maximum=self._config.max_connections)
                connection.close()
                continue
            self._places += 1
            task = asyncio.create_task(self._shake_hands(connection, peer))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _wait_for_room(self, error: OSError) -> None:
        log.error("cannot accept connections", reason=str(error))
        if error.errno in OF_ONE_CONNECTION:
            return
        self._place_freed.clear()
        try:
            async with asyncio.timeout(RETRY_SECONDS):
                await self._place_freed.wait()
        except TimeoutError:
            return

    async def _shake_hands(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        """Turn an accepted socket into a connection, or free its place."""
        SHAKING_HANDS.set(f"{peer[0]}:{peer[1]}")  # what the transport runs, runs in this context
        protocol = self._edge.protocol(self._lost)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._config.handshake_timeout_seconds,
                ssl_shutdown_timeout=CLOSE_SECONDS,
            )
        except OSError as error:  # of which ssl.SSLError, timeouts and resets are kinds
            log.debug(
                "connection closed in the handshake",
                reason=str(error) or type(error).__name__,
                peer=SHAKING_HANDS.get(),
            )
            self._free_place()
        except asyncio.CancelledError:
            self._free_place()
            raise
        else:
            self._connected.add(protocol)

    def _lost(self, protocol: EdgeProtocol) -> None:
        self._connected.discard(protocol)
        self._free_place()

    def _free_place(self) -> None:
        self._places -= 1
        self._place_freed.set()


def listen(address: str, port: int) -> socket.socket:
    """Return the socket that the service manager keeps for this address, or else a new one, kept from now on.

    Raises:
        ConfigurationError: the address is none of this host, or is taken.

    """
    chosen = None
    for name, inherited in activation.inherited_sockets(os.environ):
        if chosen is None and is_bound(inherited, address, port):
            chosen = inherited
            continue
        inherited.close()
        if name == activation.NAME:  # the configuration has another address now
            activation.drop_kept()
    if chosen:
        chosen.setblocking(False)
        return chosen
    listening = bind(address, port)
    activation.keep(listening)
    return listening


def is_bound(listening: socket.socket, address: str, port: int) -> bool:
    """Whether a socket listens there; port 0 is any."""
    try:
        if not listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return False
        host = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][4][0]
        bound_host, bound_port = listening.getsockname()[:2]
    except OSError:  # no socket, not of the internet, or no such address: `bind` says what
        return False
    return host == bound_host and port in {0, bound_port}


def bind(address: str, port: int, *, key: str = "server") -> socket.socket:
    """Return a socket that listens there; port 0 is any free one, `::` is IPv4 too.

    Raises:
        ConfigurationError: the address is none of this host, or is taken.

    """
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        both = address == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server((address, port), family=family, backlog=1024, dualstack_ipv6=both)
    except OSError as error:
        raise ConfigurationError(key, f"cannot listen on {address}:{port}: {error.strerror}") from error
    listening.setblocking(False)
    return listening


def logged(on_refused: OnRefused) -> OnRefused:
    """Return what says in the log too who was refused, and why."""

    def refused(error: ssl.SSLError) -> None:
        reason = getattr(error, "verify_message", None) or error.reason or str(error)
        log.error("authentication failed", reason=reason, peer=SHAKING_HANDS.get())
        on_refused(error)

    return refused
