"""`joblet init`: what it makes works, is private, and overwrites nothing."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet.admin import init
from joblet.admin.main import joblet
from joblet.cli.program import exit_code
from joblet.configfile.client import read_nodes
from joblet.configfile.server import read_server_config
from joblet.errors import ConfigurationError
from joblet.wire.tls import client_context, server_context

FILES = {
    "joblet-config.yml",
    "rnx-config.yml",
    *(
        f"certs/{name}-{part}.pem"
        for name in ("ca", "server", "client", "admin-client", "viewer-client")
        for part in ("cert", "key")
    ),
}


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that takes nothing away, so that modes are those that were asked for."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `joblet init` makes."""
    folder = tmp_path_factory.mktemp("init") / "here"
    arguments = ["--address", "192.0.2.7:50123", "--name", "jobs.example.com", "--name", "198.51.100.1"]
    assert exit_code(joblet, ["init", "--dir", str(folder), *arguments]) == 0
    return folder


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_the_files_are_those_of_the_api_and_the_authoritys_key(made: Path) -> None:
    """All names are there that the API's examples use, and nothing else."""
    assert tree(made) == FILES


def test_the_server_configuration_works_as_it_is(made: Path) -> None:
    """The server's file is read, its state is beside it, and its certificates make a TLS context."""
    config = read_server_config(made / "joblet-config.yml")

    assert (config.address, config.port) == ("192.0.2.7", 50123)
    assert config.runner.state_dir == made / "state"
    assert isinstance(server_context(config.tls), ssl.SSLContext)


def test_the_client_configuration_works_as_it_is(made: Path) -> None:
    """Both nodes call the server, each with a certificate that makes a TLS context."""
    nodes = read_nodes(made / "rnx-config.yml")

    assert list(nodes) == ["default", "viewer"]
    for node in nodes.values():
        assert node.address == "192.0.2.7:50123"
        assert isinstance(client_context(node.tls), ssl.SSLContext)


@pytest.mark.parametrize(
    ("options", "bound", "called"),
    [
        ([], ("0.0.0.0", 50051), "localhost:50051"),
        (["--address", "[::]:1234"], ("::", 1234), "localhost:1234"),
        (["--address", "[::1]:1234"], ("::1", 1234), "[::1]:1234"),
        (["--address", "jobs.example.com:1"], ("jobs.example.com", 1), "jobs.example.com:1"),
    ],
)
def test_addresses(tmp_path: Path, options: list[str], bound: tuple[str, int], called: str) -> None:
    """A server on all addresses is called at localhost, any other where it is."""
    assert exit_code(joblet, ["init", "--dir", str(tmp_path), *options]) == 0

    config = read_server_config(tmp_path / "joblet-config.yml")
    assert (config.address, config.port) == bound
    assert read_nodes(tmp_path / "rnx-config.yml")["default"].address == called


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("server", "sslserver"),
        ("client", "sslclient"),
        ("admin-client", "sslclient"),
        ("viewer-client", "sslclient"),
    ],
)
def test_openssl_verifies_each_certificate(made: Path, name: str, purpose: str) -> None:
    """An independent implementation accepts each certificate, strictly, for its own side only."""
    certs = made / "certs"
    other = {"sslserver": "sslclient", "sslclient": "sslserver"}[purpose]
    command: list[str | Path] = ["verify", "-x509_strict", "-CAfile", certs / "ca-cert.pem", "-purpose"]

    assert openssl(*command, purpose, certs / f"{name}-cert.pem").endswith(": OK\n")
    with pytest.raises(
        AssertionError, match=r"unsuitable certificate purpose|unsupported certificate purpose"
    ):
        openssl(*command, other, certs / f"{name}-cert.pem")


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("server", "CN = joblet, O = joblet"),
        ("client", "CN = admin, OU = admin, O = joblet"),
        ("admin-client", "CN = admin, OU = admin, O = joblet"),
        ("viewer-client", "CN = viewer, OU = viewer, O = joblet"),
    ],
)
def test_subjects(made: Path, name: str, subject: str) -> None:
    """Each certificate says who it is, in the form of the API."""
    out = openssl("x509", "-noout", "-subject", "-in", made / f"certs/{name}-cert.pem")

    assert out.strip().removeprefix("subject=").replace(" = ", "=") == subject.replace(" = ", "=")


def test_the_server_has_the_names_that_clients_use(made: Path) -> None:
    """The pinned name, the local ones, the address, and those that were given."""
    out = openssl("x509", "-noout", "-ext", "subjectAltName", "-in", made / "certs/server-cert.pem")

    assert {name.strip() for name in out.splitlines()[1].split(",")} == {
        "DNS:joblet",
        "DNS:localhost",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
        "IP Address:192.0.2.7",
        "DNS:jobs.example.com",
        "IP Address:198.51.100.1",
    }


@pytest.mark.usefixtures("open_umask")
def test_modes(tmp_path: Path) -> None:
    """Whatever the umask, no file and no folder is anybody else's."""
    assert exit_code(joblet, ["init", "--dir", str(tmp_path / "new")]) == 0

    paths = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert set(modes.values()) == {0o600, 0o700}
    assert all(mode == (0o700 if Path(path).is_dir() else 0o600) for path, mode in modes.items())


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_keys_are_private_from_their_first_byte(tmp_path: Path) -> None:
    """The kernel sees each file created exclusively with mode 0600, and no mode is changed later."""
    trace = tmp_path / "trace"
    calls = "trace=open,openat,creat,chmod,fchmod,fchmodat,rename,renameat,renameat2,link,linkat,umask"
    folder = tmp_path / "new"
    code = f"from joblet.admin.main import joblet; joblet(['init', '--dir', {str(folder)!r}])"
    program = f"import os; os.umask(0); {code}"
    subprocess.run(
        ["strace", "-f", "-qq", "-o", trace, "-e", calls, sys.executable, "-c", program],
        check=True,
        stdout=subprocess.DEVNULL,
    )

    lines = [line for line in trace.read_text().splitlines() if str(folder) in line]
    created = [line for line in lines if "O_CREAT" in line]
    assert len(created) == len(FILES)
    assert all("O_EXCL" in line and ", 0600)" in line for line in created)
    assert not [line for line in lines if any(call in line for call in ("chmod", "rename", "link"))]


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_overwritten(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any of the files, a dangling link included, ends it before anything is written."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("/nonexistent/target")

    assert exit_code(joblet, ["init", "--dir", str(tmp_path)]) == 1

    assert capsys.readouterr() == ("", f"Error: {path}: exists already, and nothing is overwritten\n")
    assert tree(tmp_path) == {name}


def test_a_folder_with_other_things_is_taken(tmp_path: Path) -> None:
    """What else is in the folder stays."""
    (tmp_path / "notes.txt").write_text("mine")

    assert exit_code(joblet, ["init", "--dir", str(tmp_path)]) == 0
    assert tree(tmp_path) == FILES | {"notes.txt"}


def test_what_is_half_done_is_undone(tmp_path: Path) -> None:
    """If a file cannot be created, those before it and their folders are gone again."""
    with (
        pytest.raises(ConfigurationError, match=r"cannot be created: File name too long$"),
        init.created(tmp_path / "a/b", {"certs/one": "1", "two": "2", "n" * 300: "3"}),
    ):
        pytest.fail("the block must not run")

    assert list(tmp_path.iterdir()) == []


def test_what_is_made_is_undone_when_its_use_fails(tmp_path: Path) -> None:
    """An interrupt after the last file still leaves nothing."""
    (tmp_path / "mine").touch()
    with pytest.raises(KeyboardInterrupt), init.created(tmp_path, {"certs/one": "1"}):
        raise KeyboardInterrupt

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--address", "localhost"],
            "Error: --address: expected host:port, such as localhost:50051 or [::1]:50051, got 'localhost'\n",
        ),
        (["--name", "a b"], "Error: server name 'a b': expected a DNS name or an IP address\n"),
    ],
)
def test_wrong_names_are_refused(
    tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot stand in a certificate or a configuration is refused before anything is written."""
    assert exit_code(joblet, ["init", "--dir", str(tmp_path / "new"), *options]) == 1

    assert capsys.readouterr() == ("", message)
    assert not (tmp_path / "new").exists()


def test_next_steps_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who has made a configuration is told what to do with it."""
    exit_code(joblet, ["init", "--dir", str(tmp_path)])

    out, err = capsys.readouterr()
    assert err == ""
    assert f"joblet serve --config {tmp_path}/joblet-config.yml" in out
    assert f"rnx --config {tmp_path}/rnx-config.yml run echo hello" in out
