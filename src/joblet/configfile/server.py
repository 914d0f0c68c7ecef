"""joblet-config.yml to `ServerConfig`: which key means which field, and what is hidden from jobs.

The sections `joblet` and `grpc` are the API's; the others are in the style of
existing installations. A path in the file is relative to the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from joblet.config import (
    DEFAULT_LIMITS,
    GrpcConfig,
    LoggingConfig,
    MetricsConfig,
    RetentionConfig,
    RunnerConfig,
    ServerConfig,
    TlsConfig,
)
from joblet.configfile import pem
from joblet.configfile.hidden import exposed
from joblet.configfile.section import Section, Setting, read_document
from joblet.configfile.units import (
    one_of,
    parse_absolute_path,
    parse_duration,
    parse_positive_duration,
    parse_size,
    parse_text,
    size,
    whole_number,
)
from joblet.errors import ConfigurationError
from joblet.limits import Limits

SEARCHED = (
    Path("/opt/joblet/joblet-config.yml"),
    Path("/etc/joblet/joblet-config.yml"),
    Path("joblet-config.yml"),
)
DEFAULT_STATE_DIR = "/var/lib/joblet"

METRICS = {
    "address": Setting("address", parse_text),
    "port": Setting("port", whole_number(0, 65535)),
}
SERVER = {
    "address": Setting("address", parse_text),
    "port": Setting("port", whole_number(0, 65535)),
}
LOGGING = {
    "level": Setting("level", one_of("DEBUG", "INFO", "WARN", "ERROR")),
    "format": Setting("format", one_of("text", "json")),
    "output": Setting("output", parse_text),
}
DEFAULTS = {
    "defaultCpuLimit": Setting("cpu_percent", whole_number(1)),
    "defaultMemoryLimit": Setting("memory_mb", whole_number(1)),
    "defaultIoLimit": Setting("io_bps", size(0)),
}
JOBLET = {
    "maxConcurrentJobs": Setting("max_concurrent_jobs", whole_number(1)),
    "jobTimeout": Setting("job_timeout_seconds", parse_duration),
    "cleanupTimeout": Setting("cleanup_timeout_seconds", parse_positive_duration),
    "stopGracePeriod": Setting("stop_grace_seconds", parse_duration),
}
CEILINGS = {
    "maxCpu": Setting("cpu_percent", whole_number(0)),
    "maxMemory": Setting("memory_mb", whole_number(0)),
    "maxIo": Setting("io_bps", size(0)),
}
LIMITS = {
    "maxProcesses": Setting("max_processes", whole_number(1)),
    "maxLogSize": Setting("max_log_bytes", parse_size),
    "maxWorkspaceSize": Setting("max_workspace_bytes", parse_size),
}
RETENTION = {
    "maxAge": Setting("max_age_seconds", parse_duration),
    "maxJobs": Setting("max_jobs", whole_number(0)),
    "maxBytes": Setting("max_bytes", parse_size),
}
GRPC = {
    "maxRecvMsgSize": Setting("max_recv_bytes", size(1024)),
    "maxSendMsgSize": Setting("max_send_bytes", size(1024)),
    "keepAliveTime": Setting("keep_alive_seconds", parse_positive_duration),
    "slowClientTimeout": Setting("slow_client_timeout_seconds", parse_positive_duration),
    "handshakeTimeout": Setting("handshake_timeout_seconds", parse_positive_duration),
    "maxConnections": Setting("max_connections", whole_number(1)),
    "maxStreams": Setting("max_streams", whole_number(1)),
    "drainTimeout": Setting("drain_timeout_seconds", parse_duration),
}
FILESYSTEM = {
    "readOnly": Setting("read_only", parse_absolute_path, is_list=True),
    "hidden": Setting("hidden", parse_absolute_path, is_list=True),
}
SECURITY = {
    "serverCert": Setting("cert", pem.parse_certificate),
    "serverKey": Setting("key", pem.parse_private_key),
    "caCert": Setting("ca", pem.parse_certificate),
}
TOP = {
    "stateDir": Setting("state_dir", parse_text),
    "jobUser": Setting("job_user", parse_text),
    "cgroup": Setting("cgroup_parent", parse_absolute_path),
}
SECTIONS = ("server", "security", "logging", "filesystem", "limits", "retention", "joblet", "grpc", "metrics")
VERSION = {"version": Setting("version", one_of("3.0"))}
STREAMS = ("stderr", "stdout")


def find_server_config(named: str | None, environment: Mapping[str, str]) -> Path:
    """Return the file to read: the one named, `$JOBLET_CONFIG_PATH`, or the first that exists.

    Raises:
        ConfigurationError: none is named and none exists.

    """
    chosen = named or environment.get("JOBLET_CONFIG_PATH")
    if chosen:
        return Path(chosen)
    for file in SEARCHED:
        if file.exists():
            return file
    searched = ", ".join(map(str, SEARCHED))
    raise ConfigurationError(
        "joblet-config.yml", f"not found (looked for {searched}); `joblet init` makes one"
    )


def read_server_config(file: Path) -> ServerConfig:
    """Return the settings that a file holds.

    Raises:
        ConfigurationError: something is wrong with the file, a key, a value,
            or a file that it names.

    """
    document = read_document(file)
    document.expect_keys([*VERSION, *TOP, *SECTIONS])
    document.values(VERSION)
    return ServerConfig(
        tls=_tls(document.section("security"), file.parent),
        runner=_runner(document, file),
        grpc=GrpcConfig(**document.section("grpc").only(GRPC)),
        logging=_logging(document.section("logging"), file.parent),
        metrics=MetricsConfig(**document.section("metrics").only(METRICS)) if "metrics" in document else None,
        **document.section("server").only(SERVER),
    )


def _tls(security: Section, folder: Path) -> TlsConfig:
    """Return the three PEM texts, each given as text or as a file."""
    files = {
        f"{key}Path": Setting(inline.field, pem.parse_file(folder, inline.parse))
        for key, inline in SECURITY.items()
    }
    for key in SECURITY:
        if (key in security) == (f"{key}Path" in security):
            raise security.error(key, f"expected either PEM text or a file as {key}Path")
    return TlsConfig(**security.only({**SECURITY, **files}))


def _runner(document: Section, file: Path) -> RunnerConfig:
    folder = file.absolute().parent
    joblet, limits = document.section("joblet"), document.section("limits")
    joblet.expect_keys([*JOBLET, *DEFAULTS])
    limits.expect_keys([*LIMITS, *CEILINGS])
    top = document.values(TOP)
    runner = RunnerConfig(
        state_dir=folder / top.pop("state_dir", DEFAULT_STATE_DIR),
        defaults=replace(DEFAULT_LIMITS, **joblet.values(DEFAULTS)),
        ceilings=Limits(**limits.values(CEILINGS)),
        **top,
        **joblet.values(JOBLET),
        **limits.values(LIMITS),
        **document.section("filesystem").only(FILESYSTEM),
        retention=RetentionConfig(**document.section("retention").only(RETENTION)),
    )
    key = document.section("security").values({"serverKeyPath": Setting("path", parse_text)})
    secrets = (file, folder, runner.state_dir, *(folder / path for path in key.values()))
    return replace(runner, hidden=(*runner.hidden, *exposed(secrets, runner.read_only)))


def _logging(section: Section, folder: Path) -> LoggingConfig:
    logging = LoggingConfig(**section.only(LOGGING))
    if logging.output in STREAMS:
        return logging
    return replace(logging, output=str(folder.absolute() / logging.output))
