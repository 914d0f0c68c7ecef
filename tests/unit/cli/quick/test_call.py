"""The call written by hand, against h2: what it says is HTTP/2, and what HTTP/2 says it understands."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from io import BufferedRWPair, BytesIO

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, SettingsAcknowledged, StreamEnded
from hypothesis import given
from hypothesis import strategies as st

from joblet.cli.quick.call import (
    ACK,
    DATA,
    END_STREAM,
    HEADERS,
    PADDED,
    SETTINGS,
    answer,
    frame,
    limited,
    opening,
    question,
)

RST_STREAM, PING, GOAWAY = 3, 6, 7
PATH = "/joblet.JobletService/ListJobs"


def server() -> H2Connection:
    """Return a server's end that has begun."""
    connection = H2Connection(H2Configuration(client_side=False))
    connection.initiate_connection()
    return connection


def stream_of(sent: bytes, said: BytesIO) -> BufferedRWPair:
    """Return a connection on which a server has sent this."""
    return BufferedRWPair(BytesIO(sent), said)


def heard(sent: bytes) -> bytes:
    """Return the answer that is understood from these bytes."""
    return answer(stream_of(sent, BytesIO()))


def grpc(message: bytes) -> bytes:
    """Return a message as gRPC sends it."""
    return struct.pack(">?I", False, len(message)) + message


@given(st.binary(max_size=300))
def test_the_question(request: bytes) -> None:
    """A server hears one request with the headers of a gRPC call, and its message."""
    connection = server()
    events = connection.receive_data(opening() + question("localhost:50051", PATH, request))

    heads = [event.headers for event in events if isinstance(event, RequestReceived)]
    assert [dict(head or {}) for head in heads] == [
        {
            b":method": b"POST",
            b":scheme": b"https",
            b":path": PATH.encode(),
            b":authority": b"localhost:50051",
            b"te": b"trailers",
            b"content-type": b"application/grpc",
        }
    ]
    assert b"".join(event.data or b"" for event in events if isinstance(event, DataReceived)) == grpc(request)
    assert any(isinstance(event, StreamEnded) for event in events)


@given(st.lists(st.binary(max_size=20_000), min_size=1, max_size=4))
def test_the_answer(parts: Sequence[bytes]) -> None:
    """However a server cuts its answer, the message is whole; its window is never full."""
    connection = server()
    connection.receive_data(opening() + question("localhost:50051", PATH, b""))
    message = b"".join(parts)
    connection.send_headers(1, [(":status", "200"), ("content-type", "application/grpc")])
    connection.send_data(1, grpc(message)[:5])
    for part in parts:
        for start in range(0, len(part), connection.max_outbound_frame_size):
            connection.send_data(1, part[start : start + connection.max_outbound_frame_size])
    connection.send_headers(1, [("grpc-status", "0")], end_stream=True)

    assert heard(connection.data_to_send()) == message


def test_settings_are_acknowledged() -> None:
    """A server that has set something hears that it was taken."""
    connection = server()
    connection.receive_data(opening() + question("localhost:50051", PATH, b""))
    connection.send_headers(1, [(":status", "200")])
    connection.send_data(1, grpc(b""), end_stream=True)
    said = BytesIO()
    stream = stream_of(connection.data_to_send(), said)  # closed when nobody has it any more
    answer(stream)

    assert any(isinstance(event, SettingsAcknowledged) for event in connection.receive_data(said.getvalue()))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        frame(HEADERS, END_STREAM, 1, b""),
        frame(DATA, END_STREAM, 1, b"\x01" + grpc(b"zip")[1:]),
        frame(DATA, END_STREAM, 1, grpc(b"one") + grpc(b"two")),
        frame(DATA, END_STREAM, 1, grpc(b"whole")[:-1]),
        frame(DATA, END_STREAM | PADDED, 1, b"\0" + grpc(b"padded")),
        frame(DATA, 0, 1, grpc(b"no end")),
        frame(RST_STREAM, 0, 1, bytes(4)),
        frame(GOAWAY, 0, 0, bytes(8)),
        frame(PING, ACK, 0, bytes(8)),
        frame(SETTINGS, 0, 0, b"")[:-4],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_no_answer(sent: bytes) -> None:
    """A failed call, two messages, half of one, and frames that are not plain are no answer."""
    with pytest.raises((ValueError, struct.error)):
        heard(sent)


def test_drop_by_drop() -> None:
    """There is a time for the whole answer, however often a little of it comes."""
    ours, theirs = socket.socketpair()
    with ours, theirs, limited(ours, 0) as stream:
        theirs.send(b"drop")

        with pytest.raises(TimeoutError):
            stream.read(1)


def test_a_long_name() -> None:
    """A text whose length does not fit into one byte is not plain."""
    with pytest.raises(ValueError, match="long"):
        question("x" * 127, PATH, b"")
