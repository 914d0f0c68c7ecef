"""Makes TLS_AES_256_GCM_SHA384 the only TLS 1.3 cipher suite of this process.

Before Python 3.15 `ssl` cannot choose the suites of TLS 1.3 (`set_ciphers` is
for TLS 1.2). OpenSSL reads them from the configuration file that OPENSSL_CONF
names, once, when it is loaded; and loaded it may be by anything (`hashlib`).
So the daemon starts itself again with the variable set: the one way that does
not depend on who imported what. docs/decisions/0004-one-cipher-suite.md has
what was rejected.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

CIPHER_SUITE = "TLS_AES_256_GCM_SHA384"
"""The only suite that a joblet server speaks (RFC 8446, B.4)."""

VARIABLE = "OPENSSL_CONF"
CONFIGURATION = Path(__file__).with_name("openssl.cnf")


def restrict_cipher_suites() -> None:
    """Return if OpenSSL offers the one suite only; otherwise start this program again so that it does.

    To be called before anything is opened or started. A configuration that
    the operator chose (FIPS providers, say) is left alone; `tls.py` closes
    connections with another suite in any case.
    """
    if VARIABLE in os.environ:
        return
    environment = {**os.environ, VARIABLE: str(CONFIGURATION)}
    # orig_argv has the interpreter's own options too (-X, -I), which sys.argv lacks.
    os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606  itself, with its own arguments
