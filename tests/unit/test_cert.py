"""Certificates that are made here are what TLS and the roles need."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from joblet.admin.cert import Purpose, Subject, create_authority, issue_certificate
from joblet.errors import ConfigurationError


def parse(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def test_a_server_certificate_verifies_for_its_hosts() -> None:
    """An independent verifier, strict about RFC 5280, accepts it for its names and no others."""
    authority = create_authority()
    server = issue_certificate(
        authority,
        Subject(name="joblet", purpose=Purpose.SERVER, hosts=("joblet", "127.0.0.1", "::1")),
        valid_for=timedelta(days=30),
    )
    policy = PolicyBuilder().store(Store([parse(authority.cert)]))

    for host in (
        x509.DNSName("joblet"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ):
        policy.build_server_verifier(host).verify(parse(server.cert), [])
    with pytest.raises(x509.verification.VerificationError):
        policy.build_server_verifier(x509.DNSName("elsewhere")).verify(parse(server.cert), [])


def test_a_client_certificate_says_who_and_which_role() -> None:
    """Common name and units are in the subject, in order, and it is for clients only."""
    client = issue_certificate(
        create_authority(), Subject(name="ada", purpose=Purpose.CLIENT, units=("Research", "Admin"))
    )
    cert = parse(client.cert)

    units = [a.value for a in cert.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "ada"
    assert units == ["Research", "Admin"]
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_certificate_is_valid_when_it_says() -> None:
    """It starts a little before it is asked to, for clocks that are behind, and ends on time."""
    noon = datetime(2024, 1, 15, 12, tzinfo=UTC)
    cert = parse(
        issue_certificate(
            None,
            Subject(name="ada", purpose=Purpose.CLIENT),
            valid_from=noon,
            valid_for=timedelta(hours=1),
        ).cert
    )

    assert noon - timedelta(minutes=10) < cert.not_valid_before_utc < noon
    assert cert.not_valid_after_utc == noon + timedelta(hours=1)


def test_a_key_is_not_shown() -> None:
    """The private key is not in the text of the value, where a log would show it."""
    assert "PRIVATE" not in repr(create_authority())


@pytest.mark.parametrize("host", ["", "a b", "münchen.example", "host/path", "tab\there"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """A name that cannot be a DNS name is refused with the name and what was expected."""
    subject = Subject(name="joblet", purpose=Purpose.SERVER, hosts=(host,))

    with pytest.raises(ConfigurationError, match="expected a DNS name or an IP address"):
        issue_certificate(None, subject)


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    """X.509 limits a common name to 64 characters, and an empty one names nobody."""
    with pytest.raises(ConfigurationError, match="expected 1 to 64 characters"):
        create_authority(name)
