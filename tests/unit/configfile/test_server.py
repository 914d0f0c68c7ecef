"""joblet-config.yml: every key, every refusal, and what it hides from jobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.config import (
    DEFAULT_LIMITS,
    SYSTEM_FOLDERS,
    GrpcConfig,
    LoggingConfig,
    RetentionConfig,
    RunnerConfig,
    ServerConfig,
    TlsConfig,
)
from joblet.configfile import server as server_file
from joblet.configfile.server import find_server_config, read_server_config
from joblet.errors import ConfigurationError
from joblet.limits import Limits

CERT = "-----BEGIN CERTIFICATE-----\nc2VydmVy\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\na2V5\n-----END PRIVATE KEY-----\n"
CA = "-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n"

SECURITY = """\
security:
  serverCertPath: server.pem
  serverKeyPath: server.key
  caCertPath: ca.pem
"""
SECURITY_LINES = SECURITY.count("\n")

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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the PEM files that `SECURITY` names."""
    for name, text in {"server.pem": CERT, "server.key": KEY, "ca.pem": CA}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, security: str = SECURITY) -> ServerConfig:
    file = Path("joblet-config.yml")
    file.write_text(security + text)
    return read_server_config(file)


def refusal(text: str, security: str = SECURITY) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read(text, security)
    return str(refused.value)


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


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (
            "joblet:\n  maxConcurrentJobs: many",
            2,
            "joblet.maxConcurrentJobs: expected a whole number of at least 1, got 'many'",
        ),
        (
            "joblet:\n  maxConcurrentJobs: 0",
            2,
            "joblet.maxConcurrentJobs: expected a whole number of at least 1, got '0'",
        ),
        (
            "joblet:\n  maxConcurrentJob: 5",
            2,
            "joblet.maxConcurrentJob: unknown key; did you mean maxConcurrentJobs?",
        ),
        ("jobslet: {}", 1, "jobslet: unknown key; did you mean joblet?"),
        (
            "limits: {zzz: 1}",
            1,
            (
                "limits.zzz: unknown key; expected one of maxCpu, maxIo, maxLogSize, maxMemory, maxProcesses,"
                " maxWorkspaceSize"
            ),
        ),
        (
            "joblet:\n  jobTimeout: 30",
            2,
            "joblet.jobTimeout: expected a duration such as 100ms, 5s or 1h30m, got '30'",
        ),
        (
            "joblet:\n\n  cleanupTimeout:\n",
            3,
            "joblet.cleanupTimeout: expected a duration such as 100ms, 5s or 1h30m, got nothing",
        ),
        (
            "joblet:\n  cleanupTimeout: 0s",
            2,
            "joblet.cleanupTimeout: expected a duration of more than 0, such as 100ms, 5s or 1h30m, got '0s'",
        ),
        (
            "joblet:\n  jobTimeout: 99999999h",
            2,
            "joblet.jobTimeout: expected a duration of at most 87600h, got '99999999h'",
        ),
        (
            "joblet:\n  defaultMemoryLimit: {mb: 5}",
            2,
            "joblet.defaultMemoryLimit: expected a whole number of at least 1, got a mapping",
        ),
        (
            "joblet:\n  defaultCpuLimit: 9999999999",
            2,
            "joblet.defaultCpuLimit: expected a whole number of at most 2147483647, got '9999999999'",
        ),
        (
            "grpc:\n  maxRecvMsgSize: 1",
            2,
            "grpc.maxRecvMsgSize: expected a size of at least 1024 bytes, got '1'",
        ),
        (
            "grpc:\n  maxSendMsgSize: 4MB",
            2,
            "grpc.maxSendMsgSize: expected a size in bytes, or such as 512KiB, 10MiB or 1GiB, got '4MB'",
        ),
        ("grpc: [1]", 1, "grpc: expected a mapping, got a list"),
        ("server: {port: 70000}", 1, "server.port: expected a whole number of at most 65535, got '70000'"),
        ("logging: {level: loud}", 1, "logging.level: expected one of DEBUG, INFO, WARN, ERROR, got 'loud'"),
        ("filesystem: {readOnly: /usr}", 1, "filesystem.readOnly: expected a list, got '/usr'"),
        (
            "filesystem:\n  hidden:\n    - /root\n    - home",
            4,
            "filesystem.hidden: expected an absolute path without .., such as /usr, got 'home'",
        ),
        (
            "cgroup: joblet.slice",
            1,
            "cgroup: expected an absolute path without .., such as /usr, got 'joblet.slice'",
        ),
        ('version: "9"', 1, "version: expected one of 3.0, got '9'"),
        ("jobUser: x\njobUser: y", 2, "jobUser: occurs twice (first in line 5)"),
        ("? [a]\n: b", 1, "expected a text as key, got a list"),
        ("joblet:\n\tdefaultCpuLimit: 1", 2, "not YAML: found character that cannot start any token"),
    ],
)
def test_what_is_wrong_is_refused_with_file_line_and_key(
    folder: Path, text: str, line: int, why: str
) -> None:
    """Each mistake gives one line: file, line, key, what was expected, what was found."""
    assert refusal(text) == f"joblet-config.yml:{SECURITY_LINES + line}: {why}"


@pytest.mark.parametrize(
    ("security", "message"),
    [
        (
            "version: 3.0",
            "joblet-config.yml:1: security.serverCert: expected either PEM text or a file as serverCertPath",
        ),
        (
            SECURITY + "  serverKey: x\n",
            "joblet-config.yml:5: security.serverKey: expected either PEM text or a file as serverKeyPath",
        ),
        (
            SECURITY.replace("server.key", "none.key"),
            (
                "joblet-config.yml:3: security.serverKeyPath: "
                "expected a file that can be read (No such file or directory), got 'none.key'"
            ),
        ),
        (
            SECURITY.replace("server.key", "ca.pem"),
            (
                "joblet-config.yml:3: security.serverKeyPath: "
                "expected a private key in PEM (-----BEGIN PRIVATE KEY-----), got 'ca.pem'"
            ),
        ),
        (
            SECURITY.replace("caCertPath: ca.pem", "caCert: nonsense"),
            (
                "joblet-config.yml:4: security.caCert: "
                "expected a certificate in PEM (-----BEGIN CERTIFICATE-----), got 'nonsense'"
            ),
        ),
    ],
)
def test_a_wrong_certificate_is_refused(folder: Path, security: str, message: str) -> None:
    """None, two of one kind, an unreadable file and the wrong kind of PEM are told apart."""
    assert refusal("", security=security) == message


def test_a_key_under_the_wrong_name_is_not_repeated(folder: Path) -> None:
    """No refusal quotes a private key."""
    secret = "-----BEGIN PRIVATE KEY-----\n    " + "c2VjcmV0" * 20
    message = refusal("", security=SECURITY.replace("caCertPath: ca.pem", f"caCert: |\n    {secret}"))

    assert "c2VjcmV0" not in message
    assert message.endswith("got a text of 189 characters")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "joblet-config.yml:1: expected a mapping, got nothing"),
        (b"- a\n", "joblet-config.yml:1: expected a mapping, got a list"),
        (b"version: \xff\n", "joblet-config.yml: expected UTF-8, but byte 9 is none"),
        (b"a: 1\n---\nb: 2\n", "joblet-config.yml:2: not YAML: but found another document"),
        (b"a: \x00\n", "joblet-config.yml: not YAML: control characters are not allowed"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(folder: Path, content: bytes, message: str) -> None:
    """An empty file, a list, another encoding and two documents are refused, each for what it is."""
    Path("joblet-config.yml").write_bytes(content)

    with pytest.raises(ConfigurationError) as refused:
        read_server_config(Path("joblet-config.yml"))

    assert str(refused.value) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """No content makes reading raise anything but ConfigurationError."""
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_bytes(content)

    with pytest.raises(ConfigurationError):  # it cannot have all three certificates
        read_server_config(file)


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


@pytest.mark.usefixtures("folder")
class TestHidden:
    """What a job would see through its read-only folders, and must not."""

    def test_nothing_is_hidden_that_jobs_do_not_see(self) -> None:
        """A configuration outside of the exposed folders needs no cover; /etc/joblet always has one."""
        assert read("").runner.hidden == ("/etc/joblet",)

    def test_the_folder_of_the_configuration_is_hidden(self, folder: Path) -> None:
        """A folder that jobs see loses the configuration's own folder, state and named keys included."""
        shown = folder.parent
        config = read(f"stateDir: {shown}/state\nfilesystem:\n  readOnly: [{shown}]\n  hidden: [/root]\n")

        assert config.runner.read_only == (str(shown),)
        assert config.runner.hidden == (
            "/root",
            *sorted([str(folder), f"{folder}/joblet-config.yml", f"{folder}/server.key", f"{shown}/state"]),
        )

    def test_a_folder_that_jobs_are_meant_to_see_stays_visible(self, folder: Path) -> None:
        """A configuration right in an exposed folder hides its files, not the folder."""
        config = read(f"filesystem:\n  readOnly: [{folder}]\n")

        assert config.runner.hidden == (f"{folder}/joblet-config.yml", f"{folder}/server.key")

    def test_a_link_does_not_uncover_the_folder(self, folder: Path) -> None:
        """A configuration reached through a symbolic link hides the folder that it is really in."""
        real = folder / "real"
        real.mkdir()
        for name in ("server.pem", "server.key", "ca.pem"):
            (folder / name).rename(real / name)
        (real / "joblet-config.yml").write_text(SECURITY + f"filesystem: {{readOnly: [{folder}]}}\n")
        (folder / "link").symlink_to(real)

        assert str(real) in read_server_config(folder / "link/joblet-config.yml").runner.hidden

    def test_system_folders_are_the_default(self) -> None:
        """Without `filesystem.readOnly` a job sees the system folders."""
        assert read("").runner.read_only == SYSTEM_FOLDERS
