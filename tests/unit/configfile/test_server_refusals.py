"""joblet-config.yml: every refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.configfile.server import read_server_config
from joblet.errors import ConfigurationError
from support.serverfile import SECURITY, refusal

SECURITY_LINES = SECURITY.count("\n")


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
