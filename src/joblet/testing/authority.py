"""A throw-away certificate authority, for tests and for programs that embed joblet.

It lives in memory and is nobody's: what it issues is worth nothing outside of
the test that trusts it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from joblet.admin.cert import Credential, Purpose, Subject, create_authority, issue_certificate
from joblet.config import TlsConfig

HOSTS = ("joblet", "localhost", "127.0.0.1", "::1")
"""The names of a server that runs beside the test."""

HOUR = timedelta(hours=1)


class Authority:
    """Issues certificates, good and bad ones, with the authority to trust beside them."""

    def __init__(self, name: str = "joblet test authority") -> None:
        self._credential = create_authority(name, valid_for=timedelta(days=1))

    @property
    def cert(self) -> str:
        """The authority's own certificate, PEM text."""
        return self._credential.cert

    def server(self, *, hosts: tuple[str, ...] = HOSTS) -> TlsConfig:
        """Return what a server needs that trusts this authority's clients."""
        return self._tls(issue_certificate(self._credential, server_subject(hosts), valid_for=HOUR))

    def client(self, *units: str, name: str = "tester") -> TlsConfig:
        """Return what a client needs; the units are its certificate's OUs, so its role is among them."""
        return self._tls(issue_certificate(self._credential, client_subject(name, units), valid_for=HOUR))

    def expired_client(self) -> TlsConfig:
        """Return an admin's certificate that was good until an hour ago."""
        return self._tls(self._admin_from(datetime.now(UTC) - 2 * HOUR))

    def future_client(self) -> TlsConfig:
        """Return an admin's certificate that will be good in an hour."""
        return self._tls(self._admin_from(datetime.now(UTC) + HOUR))

    def self_signed_client(self) -> TlsConfig:
        """Return an admin's certificate that its owner signed."""
        return self._tls(issue_certificate(None, client_subject("tester", ("admin",)), valid_for=HOUR))

    def expired_server(self) -> TlsConfig:
        """Return a server's certificate that was good until an hour ago."""
        valid_from = datetime.now(UTC) - 2 * HOUR
        return self._tls(
            issue_certificate(self._credential, server_subject(HOSTS), valid_from=valid_from, valid_for=HOUR)
        )

    def _admin_from(self, valid_from: datetime) -> Credential:
        subject = client_subject("tester", ("admin",))
        return issue_certificate(self._credential, subject, valid_from=valid_from, valid_for=HOUR)

    def _tls(self, credential: Credential) -> TlsConfig:
        return TlsConfig(cert=credential.cert, key=credential.key, ca=self.cert)


def server_subject(hosts: tuple[str, ...]) -> Subject:
    """Return the subject of a server's certificate."""
    return Subject(name="joblet", purpose=Purpose.SERVER, hosts=hosts)


def client_subject(name: str, units: tuple[str, ...]) -> Subject:
    """Return the subject of a client's certificate."""
    return Subject(name=name, purpose=Purpose.CLIENT, units=units)
