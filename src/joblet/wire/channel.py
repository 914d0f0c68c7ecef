"""A client's connection to one server: grpclib's channel, with reasons, time limits and a clean end.

Every way in which a connection fails becomes one error of `joblet.errors` that
names the address. What grpclib leaves open and is closed here: it forgets why
a connection was lost, has no limit on the time to connect, and closes without
waiting, so that an event loop that ends right after complains of a transport.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from typing import cast

from grpclib.client import Channel, Handler
from grpclib.config import Configuration
from grpclib.protocol import H2Protocol
from h2.config import H2Configuration

from joblet.errors import JobletError, ServerUnavailableError
from joblet.wire.tls import explain_tls_error
from joblet.wire.tlsrules import SERVER_NAME

KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""A follower of a silent job learns within a minute that the server's host is gone (tcp(7))."""

ERRNO = re.compile(r"\[Errno (\d+)\]")


class Connection(H2Protocol):
    """One connection; remembers why it was lost."""

    def __init__(self, configuration: Configuration, h2_configuration: H2Configuration) -> None:
        super().__init__(Handler(), configuration, h2_configuration)
        self._lost = asyncio.Event()
        self._lost.set()
        self.loss: BaseException | None = None

    @property
    def is_lost(self) -> bool:
        """Whether it has ended, or never began."""
        return self._lost.is_set()

    @property
    def is_closing(self) -> bool:
        """Whether it will end: the server has said goodbye (GOAWAY), and the socket is still open."""
        return not self.is_lost and self.connection.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._lost.clear()
        self._transport = cast("asyncio.WriteTransport", transport)
        keep_alive(transport.get_extra_info("socket"))
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self.loss = exc
        self._lost.set()
        super().connection_lost(exc)

    async def close(self) -> None:
        """Say goodbye, wait for no answer, and return once the socket is closed."""
        if not self.is_lost:
            self.processor.close()  # writes TLS's close_notify
            self._transport.abort()
        await self._lost.wait()


class ServerChannel(Channel):
    """A channel to `host:port` that checks the server's certificate for `SERVER_NAME`."""

    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        host, _, port = address.rpartition(":")
        configuration = Configuration(ssl_target_name_override=SERVER_NAME)
        super().__init__(host.strip("[]"), int(port), ssl=context, config=configuration)
        self.was_connected = False
        self._address = address
        self._connection: Connection | None = None

    def _protocol_factory(self) -> H2Protocol:
        self._connection = Connection(self._config, self._h2_config)
        return self._connection

    async def connect(self, timeout_seconds: float) -> None:
        """Return once connected, at once if it still is.

        Raises:
            ServerUnavailableError: nobody listens, answers in time, or speaks TLS 1.3.
            UnauthenticatedError: the server's certificate is not good.

        """
        if self._connection and self._connection.is_closing:
            await self._connection.close()
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.__connect__()
        except TimeoutError as error:
            why = f"cannot reach {self._address}: no answer within {timeout_seconds:g} s"
            raise ServerUnavailableError(why) from error
        except OSError as error:
            raise self.explain(error) from error
        self.was_connected = True

    def loss(self) -> JobletError | None:
        """Return why the connection was lost, None if it was not."""
        if self._connection is None or not (self._connection.is_lost or self._connection.is_closing):
            return None
        return self.explain(self._connection.loss)

    def explain(self, error: BaseException | None) -> JobletError:
        """Return the error that a failed connection is to the caller."""
        explained = explain_tls_error(error)
        if explained:
            return type(explained)(f"{explained} ({self._address})")
        if isinstance(error, OSError):
            return ServerUnavailableError(f"cannot reach {self._address}: {reason_of(error)}")
        return ServerUnavailableError(f"the connection to {self._address} was closed by the server")

    async def aclose(self) -> None:
        """Close the connection, if there is one, and return once its socket is closed."""
        connection, self._connection = self._connection, None
        try:
            if connection:
                await connection.close()
        finally:  # even if whoever closes is cancelled meanwhile
            self.close()


def keep_alive(connected: socket.socket) -> None:
    """Have the kernel find out when the other host is gone, as soon as this platform lets it be told."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE.items():
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def reason_of(error: OSError) -> str:
    """Return the system's words for an error, without the addresses that asyncio puts in their place.

    Where a name has several addresses asyncio makes one error of theirs, with
    their numbers only in its text.
    """
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    number = error.errno or next(map(int, ERRNO.findall(str(error))), 0)
    return os.strerror(number) if number else str(error)
