"""What is plain is read as the full program reads it; what is not is left to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet.admin.cert import Credential
from joblet.admin.template import rnx_config
from joblet.cli.quick.plain import find_file, question_of, server_of

CERT = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
CREDENTIAL = Credential(cert=CERT, key=KEY)
FILE = rnx_config("localhost:50051", CERT, {"default": CREDENTIAL, "viewer": CREDENTIAL})
NOTHING = {"server": "", "cert": "", "key": "", "ca": "", "config": "", "node": ""}


class TestQuestion:
    """The command line."""

    @pytest.mark.parametrize(
        ("words", "verb", "job_id", "said"),
        [
            (["list"], "list", "", {}),
            (["list", "--output", "text"], "list", "", {}),
            (["list", "-o", "text"], "list", "", {}),
            (["list", "--output=text"], "list", "", {}),
            (["status", "12"], "status", "12", {}),
            (["--server=a:1", "--node", "viewer", "list"], "list", "", {"server": "a:1", "node": "viewer"}),
            (["--config", "x.yml", "status", "1"], "status", "1", {"config": "x.yml"}),
        ],
    )
    def test_plain(self, words: list[str], verb: str, job_id: str, said: dict[str, str]) -> None:
        """A verb and flags before it."""
        assert question_of(words, {}) == (verb, job_id, NOTHING | said)

    def test_variables(self) -> None:
        """Variables count where no flag does."""
        question = question_of(["--server=a:1", "list"], {"JOBLET_SERVER": "b:2", "RNX_CONFIG": "x.yml"})

        assert question
        assert question.said == {**NOTHING, "server": "a:1", "config": "x.yml"}

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["--help"],
            ["--version"],
            ["run", "list"],
            ["list", "--help"],
            ["list", "-n", "3"],
            ["list", "-o", "json"],
            ["list", "extra"],
            ["status"],
            ["status", "--help"],
            ["status", "one"],
            ["status", "²"],
            ["status", "1", "2"],
            ["--server"],
            ["--server=", "list"],
            ["--serve=a:1", "list"],
            ["--", "list"],
        ],
    )
    def test_not_plain(self, words: list[str]) -> None:
        """Everything else is the full program's."""
        assert question_of(words, {}) is None


class TestServer:
    """Whom to ask."""

    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))

    def test_of_the_file(self, tmp_path: Path) -> None:
        """The node that is named, and the address that is said instead of its own."""
        (tmp_path / "rnx-config.yml").write_text(FILE)

        assert server_of(NOTHING) == ("localhost", 50051, CERT, KEY, CERT)
        assert server_of({**NOTHING, "server": "b:2", "node": "viewer"}).host == "b"
        with pytest.raises(LookupError):
            server_of({**NOTHING, "node": "third"})

    def test_of_the_home(self, tmp_path: Path) -> None:
        """The file is looked for where the full program looks for it."""
        (tmp_path / ".rnx").mkdir()
        (tmp_path / ".rnx" / "rnx-config.yml").touch()

        assert find_file() == str(tmp_path / ".rnx" / "rnx-config.yml")

    def test_of_paths(self, tmp_path: Path) -> None:
        """Without a file paths count, and the API's default paths where none is said."""
        if find_file():
            pytest.skip("this host has an rnx-config.yml for everybody")
        (tmp_path / "certs").mkdir()
        for name, text in {"client-cert": CERT, "client-key": KEY, "ca-cert": CERT}.items():
            (tmp_path / "certs" / f"{name}.pem").write_text(text)

        assert server_of(NOTHING) == ("localhost", 50051, CERT, KEY, CERT)
        (tmp_path / "other.pem").write_text(KEY + KEY)
        assert server_of({**NOTHING, "key": "other.pem"}).key == KEY + KEY
        with pytest.raises(ValueError, match="not plain"):
            server_of({**NOTHING, "cert": "other.pem"})

    def test_mixed(self, tmp_path: Path) -> None:
        """A file and paths beside it are for the full program to sort out."""
        (tmp_path / "rnx-config.yml").write_text(FILE)
        (tmp_path / "key.pem").write_text(KEY)

        with pytest.raises(ValueError, match="beside it"):
            server_of({**NOTHING, "key": "key.pem"})
