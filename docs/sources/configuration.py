"""The configuration files: every key that is read, what it means, its default.

The keys and the defaults come from the code; the meanings are here, and a key
without one fails the generation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

from joblet.config import (
    DEFAULT_LIMITS,
    GrpcConfig,
    LoggingConfig,
    MetricsConfig,
    RetentionConfig,
    RunnerConfig,
    ServerConfig,
)
from joblet.configfile import client, server
from joblet.configfile.section import Setting
from joblet.limits import Limits

INTRODUCTION = """\
# Configuration reference

The tables are generated from the code by `make docs`. Durations are written `100ms`, `5s`, `1h30m`; sizes in
bytes or as `10MiB`. An unknown key or a bad value is refused, with its file, line, and what was expected.

## joblet-config.yml

Read by `joblet serve`: `--config`, `$JOBLET_CONFIG_PATH`, {searched}. Paths in it are relative to it.
"""

CLIENT = """\
## rnx-config.yml

Read by `rnx`, `job-worker` and `joblet.find_node`: `--config`, `$RNX_CONFIG`, {searched}.
`version` is `"3.0"`; `nodes` has one section for each server, of which `default` is called unless `--node`
names another. PEM text stands in the file itself.

| key of a node | meaning |
|---|---|
| `address` | `host:port` |
| `cert` | the client's certificate; its OU is the role |
| `key` | its private key |
| `ca` | the authority that signed the server's certificate |
"""

SECTIONS: Sequence[tuple[str, Mapping[str, Setting], Any]] = (
    ("", server.TOP, RunnerConfig),
    ("server", server.SERVER, ServerConfig),
    ("joblet", server.DEFAULTS, DEFAULT_LIMITS),
    ("joblet", server.JOBLET, RunnerConfig),
    ("limits", server.CEILINGS, Limits()),
    ("limits", server.LIMITS, RunnerConfig),
    ("retention", server.RETENTION, RetentionConfig),
    ("filesystem", server.FILESYSTEM, RunnerConfig),
    ("grpc", server.GRPC, GrpcConfig),
    ("logging", server.LOGGING, LoggingConfig),
    ("metrics", server.METRICS, MetricsConfig),
)
"""Each section's keys, and where their defaults are."""

MEANINGS = {
    "stateDir": "where jobs, their output and the index are kept",
    "jobUser": "the user that jobs run as, by name or number",
    "cgroup": "the cgroup v2 that a service manager delegates to jobs and shims",
    "server.address": "where to listen",
    "server.port": "the port; 0: any free one",
    "metrics.address": "where Prometheus finds metrics, over plain HTTP; there are none without this section",
    "metrics.port": "the port; 0: any free one",
    "joblet.defaultCpuLimit": "percent of one core, for a job that asks for nothing",
    "joblet.defaultMemoryLimit": "MiB, for a job that asks for nothing",
    "joblet.defaultIoLimit": "bytes per second, for a job that asks for nothing; 0: unlimited",
    "joblet.maxConcurrentJobs": "how many jobs may run at once",
    "joblet.jobTimeout": "how long a job may run, and the most it may ask for; 0: for ever",
    "joblet.cleanupTimeout": "how long the last processes of a job may take to go before an error is logged",
    "joblet.stopGracePeriod": "from SIGTERM to SIGKILL",
    "limits.maxCpu": "the most a job may ask for, in percent of one core; 0: all of the host",
    "limits.maxMemory": "the most a job may ask for, in MiB; 0: all of the host",
    "limits.maxIo": "the most a job may ask for, in bytes per second; 0: unlimited",
    "limits.maxProcesses": "processes and threads of one job",
    "limits.maxLogSize": "output of one job that is kept; the rest is counted and dropped; 0: unlimited",
    "limits.maxWorkspaceSize": "what may be uploaded for one job, with 1 KiB for each file, link and folder;"
    " not what the job itself writes; 0: unlimited",
    "retention.maxAge": "ended jobs are removed after this; 0: never",
    "retention.maxJobs": "how many ended jobs are kept; 0: all",
    "retention.maxBytes": "how much of the disk ended jobs may take; 0: no limit",
    "filesystem.readOnly": "what a job sees of the host",
    "filesystem.hidden": "what it does not, even below one of those",
    "grpc.maxRecvMsgSize": "the largest request",
    "grpc.maxSendMsgSize": "the largest answer",
    "grpc.keepAliveTime": "how long a connection may be silent before it is probed",
    "grpc.handshakeTimeout": "how long a client may take for the TLS handshake",
    "grpc.maxConnections": "connections at once",
    "grpc.maxStreams": "calls at once on one connection",
    "grpc.slowClientTimeout": "how long a client may take nothing of an answer, or send nothing of an upload",
    "grpc.drainTimeout": "how long calls may take to end when the server stops",
    "logging.level": "DEBUG, INFO, WARN or ERROR",
    "logging.format": "text or json",
    "logging.output": "stderr, stdout or a file, which is appended to",
}
FIXED = {"stateDir": server.DEFAULT_STATE_DIR}
SECURITY = """\
`security` has `serverCert`, `serverKey` and `caCert` as PEM text, or their paths as `serverCertPath`,
`serverKeyPath` and `caCertPath`. `version` is `"3.0"`.
"""


def page() -> str:
    """Return the page."""
    searched = ", ".join(f"`{path}`" for path in server.SEARCHED)
    for_clients = ", ".join(f"`{path}`" for path in client.SEARCHED)
    return "\n".join(
        [INTRODUCTION.format(searched=searched), *rows(), "", SECURITY, CLIENT.format(searched=for_clients)]
    )


def rows() -> Iterator[str]:
    """Yield the table of all keys."""
    yield "| key | meaning | default |\n|---|---|---|"
    for section, settings, defaults in SECTIONS:
        for key, setting in settings.items():
            name = f"{section}.{key}" if section else key
            if name not in MEANINGS:
                raise SystemExit(f"{__file__}: MEANINGS does not say what the key {name} means")
            default = FIXED.get(name, default_of(defaults, setting.field))
            yield f"| `{name}` | {MEANINGS[name]} | {shown(default)} |"


def default_of(defaults: Any, name: str) -> object:
    """Return a field's default; "" if it has none."""
    [found] = [field for field in fields(defaults) if field.name == name]
    if not isinstance(defaults, type):
        return getattr(defaults, name)
    return "" if found.default is MISSING else found.default


def shown(value: object) -> str:
    """Return a default as a file would write it."""
    if isinstance(value, tuple):
        return " ".join(f"`{each}`" for each in value)
    if isinstance(value, float):
        return f"`{value:g}s`"
    return "" if value == "" else f"`{value}`"
