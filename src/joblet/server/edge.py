"""Where grpclib meets the network: the caps that it lacks, each at the narrowest place there is.

* A message is refused by its length prefix, before it is read (vmagamedov/grpclib#195):
  `CappedBuffer`, which replaces a stream's own when the stream is accepted.
* An answer is refused when it is too large to send, and a request when it is no message: `CappedCodec`.
* A connection may have so many streams at once (RFC 9113, 5.1.2): `EdgeProtocol`.
* A path that is no RPC is answered with UNIMPLEMENTED (grpclib leaves a header out, and clients see UNKNOWN).
* Silent clients are pinged, and cut off when they do not answer: `configuration`.

Not here: how many connections there may be, and for how long one may take to
say who it is (`listener.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import h2.events
import h2.settings
from google.protobuf.message import DecodeError
from grpclib.config import Configuration
from grpclib.const import Cardinality, Status
from grpclib.const import Handler as Method
from grpclib.encoding.proto import ProtoCodec
from grpclib.exceptions import GRPCError
from grpclib.protocol import AbstractHandler, Buffer, H2Protocol, Stream
from grpclib.server import Handler, Server
from grpclib.server import Stream as ServerStream

from joblet.config import GrpcConfig
from joblet.errors import InvalidRequestError, MessageTooLargeError
from joblet.server.calls import Rpcs

PING_TIMEOUT_SECONDS = 20.0
"""How long a client may take to answer a ping, at most (gRPC's own default)."""

STREAM_WINDOW_BYTES = 1024 * 1024
"""What a client may send ahead on one stream: an upload over 50 ms makes 20 MiB/s of it.

What it may send ahead on all streams of a connection is grpclib's 4 MiB.
"""

LAST_PING = b"goodbye!"

NO_RPC = ""
"""The path that stands for all that are none."""


class CappedBuffer(Buffer):
    """What a client has sent on one stream; nothing larger than the cap is ever collected in it."""

    def __init__(self, acknowledge: Callable[[int], None], maximum_bytes: int) -> None:
        super().__init__(acknowledge)
        self._maximum_bytes = maximum_bytes

    async def read(self, size: int) -> bytes:
        """Return this many bytes, or none at the end of the stream.

        Raises:
            MessageTooLargeError: it is more than the cap.
            InvalidRequestError: the stream ends before.

        """
        if size > self._maximum_bytes:
            raise MessageTooLargeError(size, self._maximum_bytes)
        try:
            return await super().read(size)
        except AssertionError as error:
            raise InvalidRequestError("the request ends in the middle of a message") from error


class CappedCodec(ProtoCodec):
    """Protobuf with a cap on what is sent, and errors of ours for what cannot be read."""

    def __init__(self, maximum_bytes: int) -> None:
        self._maximum_bytes = maximum_bytes

    def encode(self, message: Any, message_type: Any) -> bytes:
        """Return the bytes of a message.

        Raises:
            MessageTooLargeError: they are more than the cap.

        """
        encoded = super().encode(message, message_type)
        if len(encoded) > self._maximum_bytes:
            raise MessageTooLargeError(len(encoded), self._maximum_bytes)
        return encoded

    def decode(self, data: bytes, message_type: Any) -> Any:
        """Return the message in some bytes.

        Raises:
            InvalidRequestError: there is none in them.

        """
        try:
            return super().decode(data, message_type)
        except DecodeError as error:
            name = message_type.DESCRIPTOR.full_name
            raise InvalidRequestError(f"the request is not a {name} message") from error


class EdgeHandler(Handler):
    """Starts the calls of one connection."""

    max_recv_bytes: int

    def accept(self, stream: Stream, headers: Any, release_stream: Callable[[], Any]) -> None:
        """Start a call, with a cap on what it will receive; grpclib calls this before any data arrives."""
        assert stream.id is not None  # noqa: S101  accepted streams have one
        stream.buffer = CappedBuffer(partial(stream.connection.ack, stream.id), self.max_recv_bytes)
        headers = [
            (name, NO_RPC if name == ":path" and value not in self.mapping else value)
            for name, value in headers
        ]
        super().accept(stream, headers, release_stream)


class EdgeProtocol(H2Protocol):
    """One connection, from the end of its handshake to its loss."""

    def __init__(
        self,
        handler: AbstractHandler,
        server: Server,
        max_streams: int,
        on_lost: Callable[[EdgeProtocol], None],
    ) -> None:
        super().__init__(handler, server._config, server._h2_config)  # noqa: SLF001  as Server's own factory does
        self._max_streams = max_streams
        self._on_lost = on_lost

    def connection_made(self, transport: Any) -> None:
        """Start HTTP/2. A client that opens more streams than granted loses the connection (h2)."""
        self._transport = transport
        super().connection_made(transport)
        self.connection._connection.update_settings(  # noqa: SLF001  grpclib has no setting for it
            {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self._max_streams}
        )
        self.connection.flush()

    def data_received(self, data: bytes) -> None:
        """Take what the client has sent; a header that is not ASCII is an error of the protocol."""
        try:
            super().data_received(data)
        except UnicodeDecodeError:  # h2 decodes headers and has no error of its own for those it cannot
            self.processor.close("a header is not ASCII")

    def connection_lost(self, exc: BaseException | None) -> None:
        """End all calls of this connection."""
        super().connection_lost(exc)
        self._on_lost(self)

    def close(self) -> None:
        """Close, once the client has seen everything that was sent.

        That is when it answers a ping. A GOAWAY right behind the status of a
        call would hide that status from a grpclib client, which takes it for
        the end of all streams at once.
        """
        if not self.connection.is_closing():
            self.processor.processors[h2.events.PingAckReceived] = self._close_if_last
            self.connection._connection.ping(LAST_PING)  # noqa: SLF001  as grpclib's keepalive does
            self.connection.flush()

    def _close_if_last(self, event: h2.events.PingAckReceived) -> None:
        self.connection.ping_ack_process()
        if event.ping_data == LAST_PING:
            self.connection._connection.close_connection()  # noqa: SLF001  the GOAWAY; grpclib sends none
            self.connection.flush()
            self.processor.close("the server closed the connection")

    def abort(self) -> None:
        """Close at once: the client does not answer."""
        self._transport.abort()


class Edge(Server):
    """A grpclib server that is given its connections, instead of accepting them itself."""

    def __init__(self, rpcs: Rpcs, config: GrpcConfig) -> None:
        super().__init__([], codec=CappedCodec(config.max_send_bytes), config=configuration(config))
        self._mapping = {**rpcs, NO_RPC: Method(unimplemented, Cardinality.STREAM_STREAM, bytes, bytes)}
        self._grpc = config

    def protocol(self, on_lost: Callable[[EdgeProtocol], None]) -> EdgeProtocol:
        """Return the protocol of a new connection; `on_lost` is told when it is gone."""
        handler = EdgeHandler(self._mapping, self._codec, None, self.__dispatch__)
        handler.max_recv_bytes = self._grpc.max_recv_bytes
        return EdgeProtocol(handler, self, self._grpc.max_streams, on_lost)


async def unimplemented(_stream: ServerStream[Any, Any]) -> None:
    """Answer a call of no RPC."""
    raise GRPCError(Status.UNIMPLEMENTED, "method not found")


def configuration(config: GrpcConfig) -> Configuration:
    """Return grpclib's settings: a ping every `keep_alive_seconds`, whether there are calls or not."""
    return Configuration(
        _keepalive_time=config.keep_alive_seconds,
        _keepalive_timeout=min(config.keep_alive_seconds, PING_TIMEOUT_SECONDS),
        _keepalive_permit_without_calls=True,
        _http2_max_pings_without_data=0,
        _http2_min_sent_ping_interval_without_data=config.keep_alive_seconds / 2,
        http2_stream_window_size=STREAM_WINDOW_BYTES,
    )
