"""`joblet cert issue` writes one file that works, and nothing else."""

from __future__ import annotations

import subprocess
import sysconfig
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from joblet.configfile.client import read_nodes

JOBLET = str(Path(sysconfig.get_path("scripts"), "joblet"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `joblet init` has been."""
    made = tmp_path_factory.mktemp("init") / "joblet"
    subprocess.run([JOBLET, "init", "--dir", made, "--address", "server:50051"], check=True)
    return made


def issue(folder: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [JOBLET, "cert", "issue", "--dir", str(folder), *arguments]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)


def test_a_member_gets_one_file(folder: Path, tmp_path: Path) -> None:
    """The file has the server's address and authority, and a certificate with the name and the role."""
    done = issue(folder, tmp_path, "--name", "ann", "--role", "viewer", "--days", "30")

    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / "ann-rnx-config.yml"
    assert file.stat().st_mode & 0o777 == 0o600
    node = read_nodes(file)["default"]
    assert node.address == "server:50051"
    assert node.tls.ca == (folder / "certs/ca-cert.pem").read_text()
    certificate = x509.load_pem_x509_certificate(node.tls.cert.encode())
    names = [certificate.subject.get_attributes_for_oid(oid)[0].value
             for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)]  # fmt: skip
    assert names == ["ann", "viewer"]
    rest = certificate.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=29) < rest <= timedelta(days=30)


def test_a_name_is_no_path(folder: Path, tmp_path: Path) -> None:
    """Whatever a name has in it, the file is written here."""
    home = tmp_path / "home"
    home.mkdir()

    done = issue(folder, home, "--name", "../a b", "--role", "admin", "--address", "other:1")

    assert done.returncode == 0
    [file] = home.iterdir()
    assert file.name == "..-a-b-rnx-config.yml"
    assert read_nodes(file)["default"].address == "other:1"
    assert list(tmp_path.iterdir()) == [home]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--name", "ann", "--role", "boss"], 2, "'boss' is not one of 'admin', 'viewer'"),
        (["--name", "ann", "--role", "admin", "--days", "0"], 2, "0 is not in the range"),
        (["--name", "", "--role", "admin"], 1, "expected 1 to 64 characters"),
        (["--name", "a" * 65, "--role", "admin"], 1, "expected 1 to 64 characters"),
        (["--name", "ann", "--role", "admin", "--address", "server"], 1, "--address: expected"),
        (["--name", "ann", "--role", "admin", "--dir", "none"], 1, "none/certs/ca-cert.pem: cannot be read"),
        (["--name", "ann", "--role", "admin", "--output", "taken"], 1, "taken: exists already"),
    ],
)
def test_what_is_wrong_is_said(
    folder: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    """A mistake is one line that names it, and nothing is written."""
    (tmp_path / "taken").touch()

    done = issue(folder, tmp_path, *arguments)

    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert (tmp_path / "taken").read_text() == ""
