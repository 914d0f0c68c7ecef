"""The configuration files that `joblet init` writes, as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import indent

from joblet.admin.cert import Credential

JOBLET_CONFIG = """\
# The configuration of `joblet serve`. Paths are relative to this file.
version: "3.0"

server:
  address: {address}
  port: {port}

security:
  serverCertPath: certs/server-cert.pem
  serverKeyPath: certs/server-key.pem
  caCertPath: certs/ca-cert.pem

stateDir: state               # jobs, their output, and the index
{cgroup}
joblet:
  defaultCpuLimit: 100        # percent of one core
  defaultMemoryLimit: 512     # MB
  defaultIoLimit: 0           # bytes per second; 0: unlimited
  maxConcurrentJobs: 100
  jobTimeout: "1h"            # 0: none
  cleanupTimeout: "5s"

grpc:
  maxRecvMsgSize: 524288      # bytes, or 512KiB
  maxSendMsgSize: 4194304
  keepAliveTime: "30s"
"""

RNX_CONFIG = """\
# The configuration of `rnx`. It holds private keys: keep it to yourself.
version: "3.0"

nodes:
"""


def joblet_config(address: str, port: int, cgroup: str = "") -> str:
    """Return the server's configuration, with certificates beside it; jobs go to this cgroup, if any."""
    line = f"cgroup: {cgroup}  # delegated by systemd\n" if cgroup else ""
    return JOBLET_CONFIG.format(address=json.dumps(address), port=port, cgroup=line)


def rnx_config(address: str, ca: str, nodes: Mapping[str, Credential]) -> str:
    """Return the clients' configuration: the same server, once with each of these certificates."""
    return RNX_CONFIG + "".join(node_text(name, address, ca, node) for name, node in nodes.items())


def node_text(name: str, address: str, ca: str, client: Credential) -> str:
    """Return one node, its certificates and key embedded."""
    pems = {"cert": client.cert, "key": client.key, "ca": ca}
    blocks = "".join(f"    {part}: |\n{indent(pem, ' ' * 6)}" for part, pem in pems.items())
    return f"  {name}:\n    address: {json.dumps(address)}\n{blocks}"
