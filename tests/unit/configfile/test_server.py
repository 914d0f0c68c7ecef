"""joblet-config.yml: every key, and where the file is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from joblet.config import (
    DEFAULT_LIMITS,
    GrpcConfig,
    LoggingConfig,
    MetricsConfig,
    RetentionConfig,
    RunnerConfig,
    TlsConfig,
)
from joblet.configfile import server as server_file
from joblet.configfile.server import find_server_config, read_server_config
from joblet.errors import ConfigurationError
from joblet.limits import Limits
from support.serverfile import CA, CERT, KEY, read

SPEC = """\
joblet:
  defaultCpuLimit: 100        # Default CPU percentage
  defaultMemoryLimit: 512     # Default memory in MB
  defaultIoLimit: 0           # Default I/O limit (0=unlimited)
  maxConcurrentJobs: 100      # Maximum concurrent jobs
  jobTimeout: "1h"            # Maximum job runtime
  cleanupTimeout: "5s"        # Resource cleanup timeout

grpc:
  maxRecvMsgSize: 524288      # 512KB max receive message
  maxSendMsgSize: 4194304     # 4MB max send message
  keepAliveTime: "30s"        # Connection keep-alive
"""


def test_defaults_are_those_of_the_values(folder: Path) -> None:
    """A file with certificates alone gives the defaults of `joblet.config`."""
    config = read("")

    assert config.tls == TlsConfig(cert=CERT, key=KEY, ca=CA)
    assert (config.address, config.port) == ("0.0.0.0", 50051)
    assert replace(config.runner, hidden=()) == RunnerConfig(state_dir=Path("/var/lib/joblet"))
    assert config.grpc == GrpcConfig()
    assert config.logging == LoggingConfig()


def test_the_file_of_the_specification_says_the_defaults(folder: Path) -> None:
    """The two sections of the API's own example, as they stand, change nothing."""
    assert read(SPEC) == read("")


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("maxConcurrentJobs: 7", "max_concurrent_jobs", 7),
        ("jobTimeout: 1h30m", "job_timeout_seconds", 5400.0),
        ("jobTimeout: 0", "job_timeout_seconds", 0.0),
        ('cleanupTimeout: "250ms"', "cleanup_timeout_seconds", 0.25),
        ("stopGracePeriod: 2s", "stop_grace_seconds", 2.0),
        ("defaultCpuLimit: 50", "defaults", replace(DEFAULT_LIMITS, cpu_percent=50)),
        ("defaultMemoryLimit: 64", "defaults", replace(DEFAULT_LIMITS, memory_mb=64)),
        ("defaultIoLimit: 10MiB", "defaults", replace(DEFAULT_LIMITS, io_bps=10 * 2**20)),
    ],
)
def test_joblet_section(folder: Path, line: str, field: str, value: Any) -> None:
    """Each key of the section `joblet` sets its field, and only that."""
    config = read(f"joblet:\n  {line}\n")

    assert config.runner == replace(read("").runner, **{field: value})


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("maxRecvMsgSize: 1MiB", "max_recv_bytes", 2**20),
        ("maxSendMsgSize: 2097152", "max_send_bytes", 2**21),
        ('keepAliveTime: "90s"', "keep_alive_seconds", 90.0),
        ("handshakeTimeout: 1s", "handshake_timeout_seconds", 1.0),
        ("maxConnections: 3", "max_connections", 3),
        ("maxStreams: 4", "max_streams", 4),
        ("slowClientTimeout: 5m", "slow_client_timeout_seconds", 300.0),
        ("drainTimeout: 0s", "drain_timeout_seconds", 0.0),
    ],
)
def test_grpc_section(folder: Path, line: str, field: str, value: Any) -> None:
    """Each key of the section `grpc` sets its field, and only that."""
    assert read(f"grpc:\n  {line}\n").grpc == replace(GrpcConfig(), **{field: value})


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("", None),
        ("metrics:\n", MetricsConfig()),
        ("metrics: {port: 0}\n", MetricsConfig(address="127.0.0.1", port=0)),
        ("metrics: {address: 10.0.0.1, port: 9000}\n", MetricsConfig(address="10.0.0.1", port=9000)),
    ],
)
def test_metrics_section(folder: Path, text: str, metrics: MetricsConfig | None) -> None:
    """Without the section there are no metrics; with it, where it says, or else on this host only."""
    assert read(text).metrics == metrics


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("maxCpu: 400", "ceilings", Limits(cpu_percent=400)),
        ("maxMemory: 4096", "ceilings", Limits(memory_mb=4096)),
        ("maxIo: 100MiB", "ceilings", Limits(io_bps=100 * 2**20)),
        ("maxProcesses: 64", "max_processes", 64),
        ("maxLogSize: 1GiB", "max_log_bytes", 2**30),
        ("maxWorkspaceSize: 10MiB", "max_workspace_bytes", 10 * 2**20),
    ],
)
def test_limits_section(folder: Path, line: str, field: str, value: Any) -> None:
    """Each key of the section `limits` sets its field, and only that."""
    assert read(f"limits:\n  {line}\n").runner == replace(read("").runner, **{field: value})


@pytest.mark.parametrize(
    ("line", "retention"),
    [
        ("maxAge: 720h", RetentionConfig(max_age_seconds=30 * 24 * 3600.0)),
        ("maxJobs: 10000", RetentionConfig(max_jobs=10_000)),
        ("maxBytes: 50GiB", RetentionConfig(max_bytes=50 * 2**30)),
    ],
)
def test_retention_section(folder: Path, line: str, retention: RetentionConfig) -> None:
    """Each key of the section `retention` sets its field, and only that."""
    assert read(f"retention:\n  {line}\n").runner == replace(read("").runner, retention=retention)


def test_server_section_and_top_level_keys(folder: Path) -> None:
    """Address, port, state directory (relative to the file), job user and delegated cgroup are taken."""
    top = "stateDir: state\njobUser: 65534\ncgroup: /a.slice\n"
    config = read(f'version: "3.0"\nserver: {{address: "::1", port: 0}}\n{top}')

    assert (config.address, config.port) == ("::1", 0)
    assert config.runner.state_dir == folder / "state"
    assert config.runner.job_user == "65534"
    assert config.runner.cgroup_parent == "/a.slice"


def test_a_word_that_yaml_takes_for_a_boolean_stays_a_word(folder: Path) -> None:
    """A user named `no` is not the user `False`."""
    assert read("jobUser: no\n").runner.job_user == "no"


@pytest.mark.parametrize(
    ("text", "logging"),
    [
        ("{level: debug}", LoggingConfig(level="DEBUG")),
        ("{format: JSON}", LoggingConfig(format="json")),
        ("{output: stdout}", LoggingConfig(output="stdout")),
        ("{output: /var/log/joblet.log}", LoggingConfig(output="/var/log/joblet.log")),
    ],
)
def test_logging_section(folder: Path, text: str, logging: LoggingConfig) -> None:
    """Words are taken in any case, an absolute path as it stands."""
    assert read(f"logging: {text}\n").logging == logging


def test_a_relative_log_file_is_relative_to_the_file(folder: Path) -> None:
    """The daemon's working directory does not decide where its log goes."""
    assert read("logging: {output: joblet.log}\n").logging.output == str(folder / "joblet.log")


def test_pem_text_and_paths_may_be_mixed(folder: Path) -> None:
    """Each of the three is given as text or as a path."""
    pem = CERT.replace("\n", "\n    ").rstrip()
    files = f"serverKeyPath: server.key\n  caCertPath: {folder}/ca.pem\n"
    text = f"security:\n  serverCert: |\n    {pem}\n  {files}"

    assert read("", security=text).tls == TlsConfig(cert=CERT, key=KEY, ca=CA)


def test_an_empty_section_is_no_section(folder: Path) -> None:
    """A section whose keys are all commented out changes nothing."""
    assert read("grpc:\n  # maxStreams: 1\njoblet:\n").grpc == GrpcConfig()


def test_a_missing_file_is_named(folder: Path) -> None:
    """A file that cannot be read is named with the reason."""
    with pytest.raises(ConfigurationError, match=r"^none\.yml: cannot be read: No such file or directory$"):
        read_server_config(Path("none.yml"))


def test_the_named_file_wins_then_the_variable(folder: Path) -> None:
    """`--config` is taken before `$JOBLET_CONFIG_PATH`, whether or not they exist."""
    environment = {"JOBLET_CONFIG_PATH": "of-variable.yml"}

    assert find_server_config("named.yml", environment) == Path("named.yml")
    assert find_server_config(None, environment) == Path("of-variable.yml")


def test_the_first_file_that_exists_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name the known places are searched in order."""
    first, second = folder / "first.yml", folder / "second.yml"
    monkeypatch.setattr(server_file, "SEARCHED", (first, second))
    second.touch()
    assert find_server_config(None, {}) == second
    first.touch()
    assert find_server_config(None, {}) == first


def test_without_any_file_the_searched_places_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no configuration is told where one was looked for and how to make one."""
    monkeypatch.setattr(server_file, "SEARCHED", (folder / "a.yml",))

    with pytest.raises(
        ConfigurationError, match=r"not found \(looked for .*/a\.yml\); `joblet init` makes one"
    ):
        find_server_config(None, {})
