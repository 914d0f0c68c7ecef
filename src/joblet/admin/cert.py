"""Makes the certificates of a joblet installation: an authority, and what it issues.

Pure but for the clock and the random generator: keys and certificates are PEM
text here. Whoever writes a key to a file creates that file with mode 0600.

What is issued follows RFC 5280 to the letter (key identifiers, a usage for
one side of the connection only), because `ssl.VERIFY_X509_STRICT` is the
default from Python 3.13 on. Keys are EC P-256: every TLS 1.3 library has it.
"""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from joblet.errors import ConfigurationError

ORGANIZATION = "joblet"
AUTHORITY_NAME = "joblet authority"
AUTHORITY_VALIDITY = timedelta(days=3650)
VALIDITY = timedelta(days=825)
"""The longest that every client platform accepts of a private authority (https://support.apple.com/103769)."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far into the past a certificate starts: the other side's clock may be behind."""
MAX_NAME_LENGTH = 64
"""Of a common name or an organizational unit (ub-common-name, RFC 5280, appendix A.1)."""


class Purpose(enum.Enum):
    """The side of the connection that a certificate is for."""

    SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate names: `units` are its OUs, `hosts` its DNS names and IP addresses."""

    name: str
    purpose: Purpose
    units: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A certificate and its private key, PEM text."""

    cert: str
    key: str = field(repr=False)


def create_authority(name: str = AUTHORITY_NAME, *, valid_for: timedelta = AUTHORITY_VALIDITY) -> Credential:
    """Return a new authority, which signs servers' and clients' certificates and nothing below them."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = distinguished_name(name, ())
    template = (
        start(subject, subject, key.public_key(), datetime.now(UTC), valid_for)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
    )
    return credential(template, key, key)


def issue_certificate(
    authority: Credential | None,
    subject: Subject,
    *,
    valid_from: datetime | None = None,
    valid_for: timedelta = VALIDITY,
) -> Credential:
    """Return a new key with a certificate signed by the authority, or by itself if there is none.

    Raises:
        ConfigurationError: a name cannot stand in a certificate.

    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = distinguished_name(subject.name, subject.units)
    issuer, issuer_key = open_authority(authority) if authority else (name, key)
    template = (
        start(name, issuer, key.public_key(), valid_from or datetime.now(UTC), valid_for)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([subject.purpose.value]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if subject.hosts:
        names = x509.SubjectAlternativeName([general_name(host) for host in subject.hosts])
        template = template.add_extension(names, critical=False)
    return credential(template, key, issuer_key)


def open_authority(authority: Credential) -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    """Return the authority's name and key.

    Raises:
        ConfigurationError: the key is of another kind than the ones that are made here.

    """
    key = load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigurationError("the authority's key", f"expected an EC key, found {type(key).__name__}")
    return x509.load_pem_x509_certificate(authority.cert.encode()).subject, key


def start(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    valid_from: datetime,
    valid_for: timedelta,
) -> x509.CertificateBuilder:
    """Return the part that all certificates share."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from - CLOCK_SKEW)
        .not_valid_after(valid_from + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def credential(
    template: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> Credential:
    """Return the signed certificate with its own key."""
    cert = template.sign(issuer_key, hashes.SHA256())
    return Credential(
        cert=cert.public_bytes(Encoding.PEM).decode(),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def distinguished_name(name: str, units: tuple[str, ...]) -> x509.Name:
    """Return the subject in the API's form: CN, OU, O.

    Raises:
        ConfigurationError: a part is empty or too long.

    """
    for part in (name, *units):
        if not 0 < len(part) <= MAX_NAME_LENGTH:
            raise ConfigurationError(
                f"certificate name {part!r}", f"expected 1 to {MAX_NAME_LENGTH} characters"
            )
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            *(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
        ]
    )


def general_name(host: str) -> x509.GeneralName:
    """Return a host's alternative name, as an address if it is one.

    Raises:
        ConfigurationError: it is neither an address nor an ASCII DNS name.

    """
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass  # not an address, so a name
    if not host or not host.isascii() or any(c.isspace() or c == "/" or not c.isprintable() for c in host):
        raise ConfigurationError(f"server name {host!r}", "expected a DNS name or an IP address")
    return x509.DNSName(host)


def key_usage(*, authority: bool) -> x509.KeyUsage:
    """Return what the key may sign: certificates, or TLS handshakes."""
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
