"""Where a client looks for its configuration, and what holds where nothing is said. It imports nothing."""

from __future__ import annotations

FILE_NAME = "rnx-config.yml"
SEARCHED = (FILE_NAME, f"~/.rnx/{FILE_NAME}", f"/etc/joblet/{FILE_NAME}")

DEFAULT_NODE = "default"
DEFAULT_ADDRESS = "localhost:50051"
DEFAULT_PATHS = {"cert": "certs/client-cert.pem", "key": "certs/client-key.pem", "ca": "certs/ca-cert.pem"}

VARIABLES = {
    "server": "JOBLET_SERVER",
    "cert": "JOBLET_CERT_PATH",
    "key": "JOBLET_KEY_PATH",
    "ca": "JOBLET_CA_PATH",
    "config": "RNX_CONFIG",
}
"""The environment variable that stands for each flag of `rnx`; `--node` has none."""
