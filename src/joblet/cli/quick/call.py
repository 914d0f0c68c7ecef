"""One call of an RPC with one answer, over a blocking socket: what it takes of HTTP/2 (RFC 9113) and of gRPC.

No state and no flow control: one stream, and windows that are open wide from
the start. The server's headers are passed over, which saves HPACK's decoder (RFC
7541): a message that is there is the answer, a call that failed has none
(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from io import BufferedRWPair
from typing import TYPE_CHECKING

from joblet.cli.quick.plain import Server
from joblet.wire.tlsrules import SERVER_NAME, configured

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TIMEOUT_SECONDS = 1.0
"""How long the server may be silent. Who must wait longer does in the full program, which says what for."""

WHOLE_SECONDS = 10.0
"""How long the answer may take, if it comes drop by drop: as long as in the full program."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 8, 9
ACK = END_STREAM = 1
END_HEADERS = 4
PADDED = 8
ENABLE_PUSH, INITIAL_WINDOW_SIZE = 2, 4
LARGEST_WINDOW = 2**31 - 1
FIRST_WINDOW = 65535
"""What the window of a connection is before it is opened (RFC 9113, 6.9.2)."""

STREAM = 1
LONGEST_TEXT = 126
"""What a length of seven bits can say in one byte (RFC 7541, 5.1)."""


def call(server: Server, path: str, request: bytes) -> bytes:
    """Return the answer's message.

    Raises:
        OSError: no connection, none that TLS lets pass, a silence of more than `TIMEOUT_SECONDS`, or no whole
            answer in `WHOLE_SECONDS`.
        ValueError: there is no answer, or something that is not plain on the way to it.
        ConfigurationError: the certificate and the key are no pair.

    """
    context = configured(
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert=server.cert, key=server.key, ca=server.ca
    )
    # Names as bytes: as text they would be encoded by IDNA, whose import takes a millisecond.
    address = (server.host.encode(), server.port)
    with (
        socket.create_connection(address, TIMEOUT_SECONDS) as tcp,  # type: ignore[arg-type]  # getaddrinfo takes it
        context.wrap_socket(tcp, server_hostname=SERVER_NAME.encode()) as tls,
        limited(tls, WHOLE_SECONDS) as stream,
    ):
        stream.write(opening() + question(f"{server.host}:{server.port}", path, request))
        stream.flush()
        return answer(stream)


class LimitedIO(socket.SocketIO):
    """A connection that is read until a deadline, however little comes at a time."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        super().__init__(connection, "rwb")
        self._connection = connection
        self._deadline = time.monotonic() + seconds

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """See `io.RawIOBase`."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(min(left, TIMEOUT_SECONDS))
        return super().readinto(buffer)


def limited(connection: socket.socket, seconds: float) -> BufferedRWPair:
    """Return the connection as a stream, which can be read for so long."""
    raw = LimitedIO(connection, seconds)
    return BufferedRWPair(raw, raw)


def opening() -> bytes:
    """Return what a client begins with: nothing is to be pushed, and no window is ever to be full."""
    settings = struct.pack(">HIHI", ENABLE_PUSH, 0, INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
    wide = struct.pack(">I", LARGEST_WINDOW - FIRST_WINDOW)
    return PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, wide)


def question(authority: str, path: str, request: bytes) -> bytes:
    """Return the request of a call."""
    headers = {
        ":method": "POST",
        ":scheme": "https",
        ":path": path,
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
    }
    block = b"".join(b"\0" + text(name) + text(value) for name, value in headers.items())
    message = struct.pack(">?I", False, len(request)) + request
    return frame(HEADERS, END_HEADERS, STREAM, block) + frame(DATA, END_STREAM, STREAM, message)


def text(value: str) -> bytes:
    """Return a text as HPACK has it, plainly.

    Raises:
        ValueError: it is too long for that.

    """
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"long: {value}")
    return bytes([len(value)]) + value.encode("ascii")


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame of HTTP/2."""
    return struct.pack(">HBBBI", len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


def answer(connection: BufferedRWPair) -> bytes:
    """Return the one message of the answer.

    Raises:
        OSError: the connection is lost, or silent.
        ValueError: there is no message, or something that is not plain.

    """
    received = b""
    flags = 0
    kind = SETTINGS
    while not (kind in {DATA, HEADERS} and flags & END_STREAM):
        kind, flags, payload = next_frame(connection)
        if kind == DATA and not flags & PADDED:
            received += payload
        elif kind not in {HEADERS, CONTINUATION, SETTINGS, WINDOW_UPDATE}:
            raise ValueError(f"frame {kind}, flags {flags}")
    is_compressed, size = struct.unpack_from(">?I", received)
    if is_compressed or len(received) != 5 + size:
        raise ValueError("not one plain message")
    return received[5:]


def next_frame(connection: BufferedRWPair) -> tuple[int, int, bytes]:
    """Return kind, flags and payload of the next frame; a setting is acknowledged.

    Raises:
        OSError: the connection is lost, or silent.
        struct.error: it ended.

    """
    high, low, kind, flags, _stream = struct.unpack(">HBBBI", connection.read(9))
    size = high << 8 | low
    payload = connection.read(size)
    if kind == SETTINGS and not flags & ACK:
        connection.write(frame(SETTINGS, ACK, 0, b""))
        connection.flush()
    return kind, flags, payload
