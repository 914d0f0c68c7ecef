"""TLS contexts for both sides, and what a failed handshake means.

Rules, beside those of `tlsrules.py`: both sides show a certificate; a server
speaks one cipher suite. Not here: who the certificate names (`server/auth.py`).

Two quirks shape this module. asyncio and uvloop drop the alert that says why
a handshake failed (python/cpython#98078), so a client would only see the
connection close: `AlertingSSLObject` has it sent. And a TLS 1.3 client is done
with its handshake before the server has looked at its certificate, so the
alert is the answer to its first read: `explain_tls_error` takes both shapes.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn

from joblet.config import TlsConfig
from joblet.errors import JobletError, ServerUnavailableError, UnauthenticatedError
from joblet.wire.ciphers import CIPHER_SUITE
from joblet.wire.tlsrules import configured

MAX_READS_AFTER_ALERT = 8
"""How often a refused client may still send before it is cut off without having closed."""

ALERTS: Mapping[str, str] = MappingProxyType(
    {
        "CERTIFICATE_EXPIRED": "certificate has expired",
        "CERTIFICATE_REVOKED": "certificate is revoked",
        "CERTIFICATE_REQUIRED": "certificate is missing",
        "CERTIFICATE_UNKNOWN": "certificate was not accepted",
        # OpenSSL sends this one for a certificate that is not valid yet, too (ssl_x509err2alert).
        "BAD_CERTIFICATE": "certificate is not yet valid or damaged",
        "UNSUPPORTED_CERTIFICATE": "certificate is not one of a client",
        "UNKNOWN_CA": "certificate is signed by an unknown authority",
        "ACCESS_DENIED": "certificate was not accepted",
        "DECRYPT_ERROR": "private key does not belong to the certificate",
    }
)
"""What a server's alert says about the client's certificate (RFC 8446, 6.2)."""


class ServerContext(ssl.SSLContext):
    """The context of a server; `on_refused` is told of every failed handshake."""

    on_refused: Callable[[ssl.SSLError], None]


class AlertingSSLObject(ssl.SSLObject):
    """The server's end of a handshake that tells the client why it failed.

    The failure is kept back as "more input is wanted", for then the event loop
    sends what OpenSSL has to say, the alert. The client closes on reading it.
    A connection closed at once, with unread input, would be reset instead, and a
    reset can overtake the alert. A client that stays is cut off by the
    handshake timeout, or when it goes on sending.
    """

    _failure: ssl.SSLError | None = None
    _reads_after_alert = 0

    def do_handshake(self) -> None:
        """Continue the handshake, as `ssl.SSLObject.do_handshake` does.

        Raises:
            ssl.SSLWantReadError: more input is needed, or the alert is on its way.
            ssl.SSLError: the handshake failed, and the client had time to learn why.

        """
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._report(error)
            self._wait_for_close(error)
        self._ensure_cipher_suite()

    def _ensure_cipher_suite(self) -> None:
        # For a process that `ciphers.py` did not start: a program that embeds a server.
        negotiated = self.cipher()
        if negotiated is None or negotiated[0] != CIPHER_SUITE:
            error = ssl.SSLError(ssl.SSL_ERROR_SSL, "wrong cipher suite")
            error.reason = f"cipher suite {negotiated and negotiated[0]} is not {CIPHER_SUITE}"
            self._report(error)
            raise error

    def _report(self, error: ssl.SSLError) -> None:
        if self._failure is None:
            self._failure = error
            if isinstance(self.context, ServerContext):
                self.context.on_refused(error)

    def _wait_for_close(self, error: ssl.SSLError) -> NoReturn:
        self._reads_after_alert += 1
        if self._reads_after_alert > MAX_READS_AFTER_ALERT:
            # Not `error`: a second SSL_do_handshake fails with SSLSyscallError, which asyncio retries.
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "refused, and still sending") from error
        raise ssl.SSLWantReadError from error


def server_context(
    tls: TlsConfig, *, on_refused: Callable[[ssl.SSLError], None] = lambda _error: None
) -> ssl.SSLContext:
    """Return the context of a server that trusts the clients of `tls.ca` and no others.

    Session tickets are off: a resumed session would not look at the client's
    certificate again, and one that expired in between would do.

    Raises:
        ConfigurationError: a certificate or the key cannot be read, or they do not belong together.

    """
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.on_refused = on_refused
    context.sslobject_class = AlertingSSLObject
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_REQUIRED
    return configured(context, cert=tls.cert, key=tls.key, ca=tls.ca)


def client_context(tls: TlsConfig) -> ssl.SSLContext:
    """Return the context of a client that trusts the servers of `tls.ca`, by host name.

    Raises:
        ConfigurationError: a certificate or the key cannot be read, or they do not belong together.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return configured(context, cert=tls.cert, key=tls.key, ca=tls.ca)


def explain_tls_error(error: BaseException | None) -> JobletError | None:
    """Return what a connection's error means to a client, or None if it is not one of TLS.

    Takes what `connect` raised as well as what `connection_lost` was given.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return UnauthenticatedError(f"certificate verify failed: {why} (the server's certificate)")
    if not isinstance(error, ssl.SSLError):
        return None
    _, _, alert = (error.reason or "").partition("ALERT_")
    if alert in ALERTS:
        return UnauthenticatedError(f"certificate verify failed: {ALERTS[alert]}")
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return ServerUnavailableError(f"the server does not speak TLS 1.3 as joblet does: {reason}")
