"""The settings of a server and of a client, as frozen values. Pure.

`configfile/` reads them from files. The defaults here are the API's. Sizes
are bytes and durations are seconds, whatever a file wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from joblet.limits import Limits

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc")
"""What a job sees of the host, read-only; those that the host lacks are left out."""

DEFAULT_LIMITS = Limits(cpu_percent=100, memory_mb=512, io_bps=0)
"""What a job gets that does not ask, where the configuration does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """How long ended jobs and their output are kept; 0 is for ever, or without limit."""

    max_age_seconds: float = 0.0
    max_jobs: int = 0
    max_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerConfig:
    """How jobs are run on this host.

    `state_dir` holds everything that must outlive the daemon. `job_user` is a
    name of the host's user database or a number. `hidden` are files and
    folders that a job must not see even where `read_only` exposes them.
    `cgroup_parent` is the v2 cgroup, as in `/proc/self/cgroup`, that a service
    manager delegates to jobs and shims; empty is the root.
    `max_workspace_bytes` is what may be uploaded for one job, 0 any number: it
    says nothing of what the job itself writes.
    """

    state_dir: Path
    job_user: str = "nobody"
    read_only: tuple[str, ...] = SYSTEM_FOLDERS
    hidden: tuple[str, ...] = ()
    cgroup_parent: str = ""
    defaults: Limits = DEFAULT_LIMITS
    ceilings: Limits = Limits()
    max_processes: int = 1024
    max_log_bytes: int = 0
    max_workspace_bytes: int = 0
    max_concurrent_jobs: int = 100
    job_timeout_seconds: float = 3600.0
    stop_grace_seconds: float = 0.1
    cleanup_timeout_seconds: float = 5.0
    retention: RetentionConfig = RetentionConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcConfig:
    """What the server grants a connection; the API's `grpc:` section and its caps."""

    max_recv_bytes: int = 524288
    max_send_bytes: int = 4194304
    keep_alive_seconds: float = 30.0
    handshake_timeout_seconds: float = 10.0
    max_connections: int = 1000
    max_streams: int = 100
    drain_timeout_seconds: float = 5.0
    slow_client_timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """A certificate, its private key, and the authority of the other side: PEM text."""

    cert: str
    key: str = field(repr=False)
    ca: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingConfig:
    """`level` is DEBUG, INFO, WARN or ERROR; `format` text or json; `output` stderr, stdout or a path."""

    level: str = "INFO"
    format: str = "text"
    output: str = "stderr"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsConfig:
    """Where Prometheus finds the metrics, without TLS: by default only on this host. Port 0: any free one."""

    address: str = "127.0.0.1"
    port: int = 50052


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything `joblet serve` needs; port 0 is any free one; no `metrics`, no listener for them."""

    tls: TlsConfig
    runner: RunnerConfig
    address: str = "0.0.0.0"  # noqa: S104  a server for remote jobs; mutual TLS guards it
    port: int = 50051
    grpc: GrpcConfig = GrpcConfig()
    logging: LoggingConfig = LoggingConfig()
    metrics: MetricsConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One server that a client knows: `address` is host:port."""

    address: str
    tls: TlsConfig
