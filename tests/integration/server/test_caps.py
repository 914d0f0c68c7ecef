"""What one client may take of a server: messages, streams, connections, time."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator

import h2.config
import h2.connection
import h2.events
import pytest
from grpclib.client import Channel
from grpclib.const import Cardinality, Status
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest
from structlog.testing import capture_logs

from joblet.testing.authority import Authority
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.tls import client_context
from support.edge import call_failure, connected, running_edge, running_only
from support.parrot import PATH, Parrot, ask

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def request_of_size(size_bytes: int) -> pb.GetJobLogsReq:
    """Return a request whose message has exactly this size."""
    request = pb.GetJobLogsReq(id="x" * size_bytes, offset=1)
    request.id = request.id[: 2 * size_bytes - request.ByteSize()]
    assert request.ByteSize() == size_bytes
    return request


@pytest.mark.parametrize("maximum", [1024, 512 * 1024])
async def test_a_request_up_to_the_cap_is_read(authority: Authority, maximum: int) -> None:
    """A request of maxRecvMsgSize passes; one byte more is refused with both sizes."""
    async with running_only(authority, Parrot(), max_recv_bytes=maximum) as port:
        with connected(port, authority.client("admin")) as channel:
            fits = await ask(channel, request_of_size(maximum))
            error = await call_failure(ask(channel, request_of_size(maximum + 1)))
            again = await ask(channel, request_of_size(maximum))

    assert fits == again == pb.DataChunk(payload=b"\0")
    assert error.status is Status.RESOURCE_EXHAUSTED
    assert error.message == f"message too large: {maximum + 1} bytes (maximum {maximum})"


async def test_an_answer_beyond_the_cap_is_refused(authority: Authority) -> None:
    """An answer larger than maxSendMsgSize is RESOURCE_EXHAUSTED, with both sizes."""
    async with running_only(authority, Parrot(), max_send_bytes=1024) as port:
        with connected(port, authority.client("admin")) as channel:
            fits = await ask(channel, pb.GetJobLogsReq(offset=1021))
            error = await call_failure(ask(channel, pb.GetJobLogsReq(offset=1022)))

    assert fits is not None
    assert fits.ByteSize() == 1024
    assert error.status is Status.RESOURCE_EXHAUSTED
    assert error.message == "message too large: 1025 bytes (maximum 1024)"


class RawClient:
    """An HTTP/2 client that may misbehave."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()

    @classmethod
    async def connect(cls, port: int, authority: Authority) -> RawClient:
        """Return one that is through its handshake."""
        context = client_context(authority.client("admin"))
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=context))

    def begin(self, path: str = PATH) -> int:
        """Open a stream without sending its message."""
        stream_id = self.h2.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":path", path),
            (":authority", "joblet"),
            ("te", "trailers"),
            ("content-type", "application/grpc+proto"),
        ]
        self.h2.send_headers(stream_id, headers)
        return stream_id

    async def events(self) -> AsyncIterator[h2.events.Event]:
        """Send what is to be sent, then yield what comes, until the connection is lost."""
        while True:
            self._writer.write(self.h2.data_to_send())
            received = await self._reader.read(65536)
            if not received:
                return
            for event in self.h2.receive_data(received):
                yield event

    async def status(self) -> tuple[str, str]:
        """Return the status and message of the first call that ends."""
        async for event in self.events():
            if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
                headers = dict(event.headers)
                if b"grpc-status" in headers:
                    return headers[b"grpc-status"].decode(), headers[b"grpc-message"].decode()
        raise AssertionError("the connection was lost")

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        # What the server has sent and nobody read, a ping or its settings, is an error to OpenSSL.
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await self._writer.wait_closed()


async def test_a_huge_message_is_refused_by_its_prefix(authority: Authority) -> None:
    """Five bytes that announce a gigabyte are enough to be refused: nothing is collected."""
    async with running_only(authority, Parrot()) as port:
        client = await RawClient.connect(port, authority)
        client.h2.send_data(client.begin(), struct.pack(">?I", False, 1024 * MIB))
        status, message = await client.status()
        await client.close()

    assert int(status) == Status.RESOURCE_EXHAUSTED.value
    assert message == f"message too large: {1024 * MIB} bytes (maximum 524288)"


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        (b"", Status.INVALID_ARGUMENT, "the call has no request message"),
        (b"\0\0", Status.INVALID_ARGUMENT, "the request ends in the middle of a message"),
        (b"\0\0\0\0\5abc", Status.INVALID_ARGUMENT, "the request ends in the middle of a message"),
        (
            b"\0\0\0\0\3\xff\xff\xff",
            Status.INVALID_ARGUMENT,
            "the request is not a joblet.GetJobLogsReq message",
        ),
        (b"\1\0\0\0\0", Status.UNIMPLEMENTED, "compressed messages are not accepted"),
    ],
    ids=["nothing", "half a prefix", "half a message", "no protobuf", "compressed"],
)
async def test_what_is_no_request_is_said_to_be_none(
    authority: Authority, sent: bytes, status: Status, message: str
) -> None:
    """Each way to send no message has its own answer, and none is a traceback in the log."""
    with capture_logs() as events:
        async with running_only(authority, Parrot()) as port:
            client = await RawClient.connect(port, authority)
            client.h2.send_data(client.begin(), sent, end_stream=True)
            answer = await client.status()
            await client.close()

    assert answer == (str(status.value), message)
    assert not [event for event in events if event.get("exc_info")]


async def test_streams_beyond_the_cap_wait(authority: Authority) -> None:
    """A client opens no more streams at once than it is granted; the others get their turn."""
    parrot = Parrot()
    async with running_only(authority, parrot, max_streams=2) as port:
        with connected(port, authority.client("admin")) as channel:
            await ask(channel, pb.GetJobLogsReq(offset=1))  # the grant is known after the first answer
            calls = [asyncio.create_task(ask(channel, pb.GetJobLogsReq())) for _ in range(5)]
            await parrot.wait_waiting(2)
            parrot.released.set()
            await asyncio.gather(*calls)

    assert parrot.most_waiting == 2


async def test_a_client_that_ignores_the_stream_cap_is_cut_off(authority: Authority) -> None:
    """Streams beyond what was granted and acknowledged end the connection."""
    async with running_only(authority, Parrot(), max_streams=2) as port:
        client = await RawClient.connect(port, authority)
        async for event in client.events():
            if isinstance(event, h2.events.RemoteSettingsChanged):
                granted = event.changed_settings.get(3)  # MAX_CONCURRENT_STREAMS
                if granted and granted.new_value == 2:
                    break
        client.h2.remote_settings.max_concurrent_streams = 100
        client.h2.remote_settings.acknowledge()
        for _ in range(3):
            client.begin()
        remaining = [event async for event in client.events()]
        await client.close()

    assert not [event for event in remaining if isinstance(event, h2.events.ResponseReceived)]


async def test_connections_beyond_the_cap_are_closed_at_once(authority: Authority) -> None:
    """The one too many is closed before its handshake, and let in when another has gone."""
    with capture_logs() as events:
        async with running_only(authority, Parrot(), max_connections=1) as port:
            first = await RawClient.connect(port, authority)
            with pytest.raises(ConnectionError):
                await RawClient.connect(port, authority)
            await first.close()
            await connect_eventually(port, authority)

    assert [e["maximum"] for e in events if e["event"] == "connection refused"][:1] == [1]


async def connect_eventually(port: int, authority: Authority) -> None:
    """Connect, as soon as the server has seen the other connection go."""
    while True:
        try:
            client = await RawClient.connect(port, authority)
        except OSError:
            continue
        await client.close()
        return


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"], ids=["half-open", "stalled"])
async def test_a_handshake_that_stalls_is_ended(authority: Authority, sent: bytes) -> None:
    """A client that says nothing, or stops in the middle, frees its place when its time is over."""
    async with running_only(authority, Parrot(), max_connections=1, handshake_timeout_seconds=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await connect_eventually(port, authority)


async def test_a_client_that_talks_on_after_the_alert_is_cut_off(authority: Authority) -> None:
    """A refused client has a moment to read why, not a place to fill with what it likes."""
    async with running_only(authority, Parrot(), handshake_timeout_seconds=60) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0)  # a turn for the server, which shares the loop
        writer.close()


async def test_a_silent_client_is_pinged_and_cut_off(authority: Authority) -> None:
    """After keepAliveTime the server asks whether the client is there, and closes if it is not."""
    async with running_only(authority, Parrot(), keep_alive_seconds=0.2) as port:
        client = await RawClient.connect(port, authority)
        client._writer.write(client.h2.data_to_send())
        received = await client._reader.read()  # to the end, without ever answering
        await client.close()

    assert any(isinstance(e, h2.events.PingReceived) for e in client.h2.receive_data(received))


async def test_a_client_that_answers_pings_stays(authority: Authority) -> None:
    """A connection may be idle for as long as its client is there."""
    async with running_edge(authority, keep_alive_seconds=0.05) as port:
        client = await RawClient.connect(port, authority)
        pings = 0
        async for event in client.events():
            pings += isinstance(event, h2.events.PingReceived)
            if pings == 5:
                break
        await client.close()

    assert pings == 5


async def test_a_call_may_have_a_deadline(authority: Authority) -> None:
    """A call that does not end in the client's time is ended on the server too."""
    parrot = Parrot()
    async with running_only(authority, parrot) as port:
        with connected(port, authority.client("admin")) as channel:
            stream = channel.request(
                PATH, Cardinality.UNARY_STREAM, pb.GetJobLogsReq, pb.DataChunk, timeout=0.1
            )
            with pytest.raises((TimeoutError, asyncio.TimeoutError)):  # noqa: PT012  a call is a block
                async with stream:
                    await stream.send_message(pb.GetJobLogsReq(), end=True)
                    await stream.recv_message()
            await HealthProbe.reachable(channel)

    assert parrot.waiting == 0


class HealthProbe:
    """Asks for health where there is none: any answer will do."""

    @staticmethod
    async def reachable(channel: Channel) -> None:
        error = await call_failure(HealthStub(channel).Check(HealthCheckRequest()))
        assert error.status is Status.UNIMPLEMENTED


async def test_a_header_that_is_not_ascii_ends_its_connection_quietly(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """A path of other bytes is no call: its connection is closed, without a traceback, and others go on."""
    async with running_only(authority, Parrot()) as port:
        client = await RawClient.connect(port, authority)
        client.begin("/joblet.JobletService/Ru\N{LATIN SMALL LETTER U WITH DIAERESIS}n")
        async for _ in client.events():
            pass
        await client.close()
        with connected(port, authority.client("admin")) as channel:
            await HealthProbe.reachable(channel)

    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize("leave", ["reset", "disconnect"])
async def test_a_client_that_leaves_ends_its_call_quietly(
    authority: Authority, caplog: pytest.LogCaptureFixture, leave: str
) -> None:
    """A call whose client is gone ends at once, and is no error to anybody."""
    parrot = Parrot()
    with capture_logs() as events:
        async with running_only(authority, parrot) as port:
            client = await RawClient.connect(port, authority)
            stream_id = client.begin()
            client.h2.send_data(stream_id, struct.pack(">?I", False, 0), end_stream=True)
            client._writer.write(client.h2.data_to_send())
            await parrot.wait_waiting(1)
            if leave == "reset":
                client.h2.reset_stream(stream_id)
                client._writer.write(client.h2.data_to_send())
            else:
                await client.close()
            await parrot.wait_waiting(0)
            await client.close()

    assert not [event for event in events if event["log_level"] != "debug"]
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
