"""A joblet-config.yml in the working directory, its certificates beside it, and what reading it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet.config import (
    ServerConfig,
)
from joblet.configfile.server import read_server_config
from joblet.errors import ConfigurationError

CERT = "-----BEGIN CERTIFICATE-----\nc2VydmVy\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\na2V5\n-----END PRIVATE KEY-----\n"
CA = "-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n"

SECURITY = """\
security:
  serverCertPath: server.pem
  serverKeyPath: server.key
  caCertPath: ca.pem
"""


def read(text: str, security: str = SECURITY) -> ServerConfig:
    """Return what a file says that has this text and these certificates."""
    file = Path("joblet-config.yml")
    file.write_text(security + text)
    return read_server_config(file)


def refusal(text: str, security: str = SECURITY) -> str:
    """Return why it is refused."""
    with pytest.raises(ConfigurationError) as refused:
        read(text, security)
    return str(refused.value)
