"""Servers that cannot be called: each ends in one error that says why and names the address."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from joblet.client import Client
from joblet.config import Node, TlsConfig
from joblet.errors import ConfigurationError, ServerUnavailableError, UnauthenticatedError
from joblet.testing.authority import Authority
from support.fakeservice import FakeService, serving

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def stranger() -> Authority:
    return Authority("another authority")


async def failure(address: str, tls: TlsConfig, timeout_seconds: float = 10) -> Exception:
    async with Client(Node(address=address, tls=tls), timeout_seconds=timeout_seconds) as client:
        with pytest.raises((ServerUnavailableError, UnauthenticatedError)) as failed:
            await client.list()
    return failed.value


@asynccontextmanager
async def listening(connected: Connected) -> AsyncIterator[str]:
    """Yield the address of a TCP server that does this with each connection."""
    connections: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connected(reader, writer)
        writer.close()
        await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        # The client has gone; what it did to a connection is not what is tested.
        await asyncio.gather(*connections, return_exceptions=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_nobody_listens(authority: Authority, host: str) -> None:
    """A closed port is refused in the system's words, also where a name has two addresses."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it
        address = f"{host}:{unused.getsockname()[1]}"

        error = await failure(address, authority.client("admin"))

    assert isinstance(error, ServerUnavailableError)
    assert str(error) == f"cannot reach {address}: Connection refused"


async def test_a_name_that_is_none(authority: Authority) -> None:
    """A host that does not resolve is named."""
    error = await failure("nowhere.invalid:50051", authority.client("admin"))

    assert isinstance(error, ServerUnavailableError)
    assert str(error).startswith("cannot reach nowhere.invalid:50051: ")


async def test_a_server_that_speaks_no_tls(authority: Authority) -> None:
    """A plain TCP server that talks is told apart from one that is down."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()

    async with listening(talk) as address:
        error = await failure(address, authority.client("admin"))

    assert isinstance(error, ServerUnavailableError)
    assert str(error) == f"the server does not speak TLS 1.3 as joblet does: wrong version number ({address})"


async def test_a_server_that_hangs_up(authority: Authority) -> None:
    """A server that closes before the handshake is a connection that failed."""

    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        pass

    async with listening(hang_up) as address:
        error = await failure(address, authority.client("admin"))

    assert isinstance(error, ServerUnavailableError)
    assert address in str(error)


async def test_a_server_that_says_nothing(authority: Authority) -> None:
    """A server that accepts and stays silent costs the connect timeout, no more."""

    async def stay_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(stay_silent) as address:
        error = await failure(address, authority.client("admin"), timeout_seconds=0.2)

    assert isinstance(error, ServerUnavailableError)
    assert str(error) == f"cannot reach {address}: no answer within 0.2 s"


@pytest.mark.parametrize(
    ("tls", "why"),
    [
        (Authority.expired_client, "certificate has expired"),
        (Authority.future_client, "certificate is not yet valid or damaged"),
        (Authority.self_signed_client, "certificate is signed by an unknown authority"),
    ],
)
async def test_a_certificate_that_the_server_refuses(
    authority: Authority, tls: Callable[[Authority], TlsConfig], why: str
) -> None:
    """The server's alert becomes the error, every time: it must not lose against the closing connection."""
    async with serving(FakeService(), authority.server()) as address:
        errors = [await failure(address, tls(authority)) for _ in range(20)]

    assert {type(error) for error in errors} == {UnauthenticatedError}
    assert {str(error) for error in errors} == {f"certificate verify failed: {why} ({address})"}


async def test_a_certificate_of_another_authority(authority: Authority, stranger: Authority) -> None:
    """A client of another authority is refused by the server."""
    tls = replace(stranger.client("admin"), ca=authority.cert)
    async with serving(FakeService(), authority.server()) as address:
        error = await failure(address, tls)

    assert isinstance(error, UnauthenticatedError)
    assert str(error) == (
        f"certificate verify failed: certificate is signed by an unknown authority ({address})"
    )


@pytest.mark.parametrize(
    ("server_tls", "why"),
    [
        (lambda _authority, stranger: stranger.server(), "self-signed certificate in certificate chain"),
        (lambda authority, _stranger: authority.expired_server(), "certificate has expired"),
        (
            lambda authority, _stranger: authority.server(hosts=("127.0.0.1", "localhost")),
            "Hostname mismatch, certificate is not valid for 'joblet'",
        ),
    ],
)
async def test_a_server_that_the_client_refuses(
    authority: Authority,
    stranger: Authority,
    server_tls: Callable[[Authority, Authority], TlsConfig],
    why: str,
) -> None:
    """A server of another authority, an expired one, and one that is not named joblet are not called."""
    async with serving(FakeService(), server_tls(authority, stranger)) as address:
        error = await failure(address, authority.client("admin"))

    assert isinstance(error, UnauthenticatedError)
    assert re.sub("self.signed", "self-signed", str(error)) == (
        f"certificate verify failed: {why} (the server's certificate) ({address})"
    )


async def test_a_key_of_another_certificate(authority: Authority) -> None:
    """A certificate with somebody else's key is refused before anything is sent."""
    tls = replace(authority.client("admin"), key=authority.client("admin").key)

    with pytest.raises(ConfigurationError, match=r"^certificate and key: expected a matching pair"):
        Client(Node(address="localhost:1", tls=tls))
