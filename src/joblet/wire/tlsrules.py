"""What every connection keeps to, on both sides. Not: what a failed handshake means (`tls.py`).

Rules: TLS 1.3 only; HTTP/2 and nothing else; private keys touch no file system
that others can read. It is imported by `joblet.cli.quick`, so it imports little.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from collections.abc import Iterator

from joblet.errors import ConfigurationError

SERVER_NAME = "joblet"
"""What every server certificate is good for, whatever the address: clients of this API pin it."""


def configured(context: ssl.SSLContext, *, cert: str, key: str, ca: str) -> ssl.SSLContext:
    """Return the context with what both sides share; certificates and key are PEM text.

    Raises:
        ConfigurationError: one of them cannot be read, or they do not belong together.

    """
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError("CA certificate", f"expected PEM text ({error})") from error
    with pem_path(cert) as cert_path, pem_path(key) as key_path:
        try:
            # A password, because OpenSSL would ask the terminal for the one of an encrypted key.
            context.load_cert_chain(cert_path, key_path, password="")
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError("certificate and key", f"expected a matching pair ({error})") from error
    return context


@contextlib.contextmanager
def pem_path(pem: str) -> Iterator[str]:
    """Yield a path that holds the text, readable by this user only, for as long as the block runs.

    `load_cert_chain` reads paths and nothing else. On Linux the text stays in memory.
    """
    if sys.platform == "linux":
        fd = os.memfd_create("joblet-pem")
        path = f"/proc/self/fd/{fd}"
    else:
        import tempfile  # noqa: PLC0415  start-up time counts, and Linux does without

        fd, path = tempfile.mkstemp(prefix="joblet-")  # created with mode 0600
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(pem.encode())
        yield path
    finally:
        os.close(fd)
        if sys.platform != "linux":
            os.unlink(path)
