"""Who is let in: TLS 1.3, one cipher suite, certificates on both sides, and a reason for everybody else."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest
from structlog.testing import capture_logs

from joblet.config import TlsConfig
from joblet.errors import ConfigurationError, ServerUnavailableError, UnauthenticatedError
from joblet.testing.authority import Authority
from joblet.wire.ciphers import CIPHER_SUITE
from joblet.wire.tls import client_context, explain_tls_error, server_context
from support.edge import connected, running_edge
from support.openssl import s_client


class Probe(asyncio.Protocol):
    """A client that says hello, as a gRPC client does, and notes why it lost the connection."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.lost.set_result(exc)


async def loss(port: int, context: ssl.SSLContext, name: str = "localhost") -> BaseException | None:
    """Return why a connection to the server fails, or is lost."""
    try:
        _, probe = await asyncio.get_running_loop().create_connection(
            Probe, "127.0.0.1", port, ssl=context, server_hostname=name
        )
        return await probe.lost
    except OSError as error:
        return error


def without_certificate(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.cert)
    return context


def of_another_authority(authority: Authority) -> TlsConfig:
    stranger = Authority("another authority").client("admin")
    return TlsConfig(cert=stranger.cert, key=stranger.key, ca=authority.cert)


@pytest.mark.parametrize(
    ("context_of", "message", "logged"),
    [
        (lambda a: client_context(a.expired_client()), "certificate has expired", "certificate has expired"),
        (
            lambda a: client_context(a.future_client()),
            "certificate is not yet valid or damaged",
            "certificate is not yet valid",
        ),
        (
            lambda a: client_context(a.self_signed_client()),
            "certificate is signed by an unknown authority",
            "self-signed certificate",
        ),
        (
            lambda a: client_context(of_another_authority(a)),
            "certificate is signed by an unknown authority",
            "unable to get local issuer certificate",
        ),
        (without_certificate, "certificate is missing", "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
        (
            lambda a: client_context(a.server()),
            "certificate is not one of a client",
            "unsuitable certificate purpose",
        ),
    ],
    ids=["expired", "not-yet-valid", "self-signed", "other-authority", "missing", "server-certificate"],
)
async def test_a_refused_client_learns_why(
    context_of: Callable[[Authority], ssl.SSLContext], message: str, logged: str
) -> None:
    """A bad certificate is refused in the handshake; client and log both say what is wrong with it."""
    authority = Authority()
    with capture_logs() as events:
        async with running_edge(authority) as port:
            error = explain_tls_error(await loss(port, context_of(authority)))

    assert isinstance(error, UnauthenticatedError)
    assert str(error) == f"certificate verify failed: {message}"
    assert [e["reason"] for e in events if e["event"] == "authentication failed"] == [logged]


@pytest.mark.parametrize(
    ("server", "name", "why"),
    [
        (Authority.expired_server, "localhost", "certificate has expired"),
        (Authority.server, "elsewhere", "Hostname mismatch"),
        (lambda authority: authority.client("admin"), "localhost", "unsuitable certificate purpose"),
    ],
    ids=["expired", "other-name", "client-certificate"],
)
async def test_a_client_refuses_a_bad_server(
    server: Callable[[Authority], TlsConfig], name: str, why: str
) -> None:
    """The client verifies the server's certificate and name, and says whose certificate it was."""
    authority = Authority()
    context = server_context(server(authority))
    listening = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=context)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        error = explain_tls_error(await loss(port, client_context(authority.client("admin")), name))

    assert isinstance(error, UnauthenticatedError)
    assert why in str(error)
    assert "the server's certificate" in str(error)


async def test_a_server_without_tls_is_unavailable() -> None:
    """What answers in plain text is no joblet server, and the message says so."""

    class Plain(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    listening = await asyncio.get_running_loop().create_server(Plain, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        error = explain_tls_error(await loss(port, client_context(Authority().client("admin"))))

    assert isinstance(error, ServerUnavailableError)
    assert "does not speak TLS 1.3" in str(error)


def test_an_error_of_the_network_is_not_explained() -> None:
    """A refused or reset connection is for the caller to name."""
    assert explain_tls_error(ConnectionRefusedError()) is None
    assert explain_tls_error(None) is None


async def test_a_good_client_gets_the_one_cipher_suite() -> None:
    """A client with everything on offer ends up with TLS 1.3 and the one suite."""
    authority = Authority()
    async with running_edge(authority) as port:
        with connected(port, authority.client("admin")) as channel:
            await HealthStub(channel).Check(HealthCheckRequest())
            protocol = await channel.__connect__()
            ssl_object = protocol.connection._transport.get_extra_info("ssl_object")

    assert (ssl_object.version(), ssl_object.cipher()[0]) == ("TLSv1.3", CIPHER_SUITE)
    assert ssl_object.selected_alpn_protocol() == "h2"


async def test_tls_1_2_is_refused(tmp_path: Path) -> None:
    """A client that speaks TLS 1.2 at most gets a protocol version alert."""
    authority = Authority()
    async with running_edge(authority) as port:
        output = await s_client(port, authority.client("admin"), tmp_path, "-tls1_2")

    assert "alert protocol version" in output
    assert "Cipher is (NONE)" in output


async def test_an_embedded_server_closes_on_another_cipher_suite(tmp_path: Path) -> None:
    """Where OpenSSL would negotiate another suite, the connection ends before anything is served."""
    authority = Authority()
    with capture_logs() as events:
        async with running_edge(authority) as port:
            await s_client(
                port, authority.client("admin"), tmp_path, "-ciphersuites", "TLS_AES_128_GCM_SHA256"
            )

    reasons = [e["reason"] for e in events if e["event"] == "authentication failed"]
    assert reasons == [f"cipher suite TLS_AES_128_GCM_SHA256 is not {CIPHER_SUITE}"]


RESTRICTED = """
import ssl
from joblet.wire.ciphers import restrict_cipher_suites
restrict_cipher_suites()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
print(*(c["name"] for c in context.get_ciphers() if c["protocol"] == "TLSv1.3"))
"""


@pytest.mark.parametrize(
    ("environment", "offered"),
    [({}, CIPHER_SUITE), ({"OPENSSL_CONF": "/dev/null"}, "")],
    ids=["default", "operator's own"],
)
def test_a_program_restricts_itself_to_the_one_suite(environment: dict[str, str], offered: str) -> None:
    """It starts itself again with OpenSSL configured, even with ssl loaded; an operator's choice stands."""
    inherited = {k: v for k, v in os.environ.items() if k != "OPENSSL_CONF"}
    output = subprocess.check_output(
        [sys.executable, "-c", RESTRICTED], env={**inherited, **environment}, text=True
    )

    suites = output.split()
    assert CIPHER_SUITE in suites
    assert (suites == [CIPHER_SUITE]) == bool(offered)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (lambda tls: TlsConfig(cert="nonsense", key=tls.key, ca=tls.ca), "certificate and key"),
        (lambda tls: TlsConfig(cert=tls.cert, key="nonsense", ca=tls.ca), "certificate and key"),
        (
            lambda tls: TlsConfig(cert=tls.cert, key=Authority().client().key, ca=tls.ca),
            "certificate and key",
        ),
        (lambda tls: TlsConfig(cert=tls.cert, key=tls.key, ca="nonsense"), "CA certificate"),
    ],
    ids=["certificate", "key", "not-a-pair", "authority"],
)
@pytest.mark.parametrize("context_of", [server_context, client_context])
def test_what_cannot_be_read_is_a_configuration_error(
    context_of: Callable[[TlsConfig], ssl.SSLContext], broken: Callable[[TlsConfig], TlsConfig], where: str
) -> None:
    """A certificate or key that is damaged, or of another pair, is refused by its place."""
    with pytest.raises(ConfigurationError, match=f"^{where}: expected"):
        context_of(broken(Authority().client("admin")))
