"""What is plain is read as the full program reads it; what is not is left to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.admin.cert import Credential
from joblet.admin.template import rnx_config
from joblet.cli.quick.nodefile import nodes_of
from joblet.cli.quick.plain import find_file, question_of, server_of
from joblet.configfile.client import read_nodes
from joblet.errors import ConfigurationError

CERT = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
CREDENTIAL = Credential(cert=CERT, key=KEY)
FILE = rnx_config("localhost:50051", CERT, {"default": CREDENTIAL, "viewer": CREDENTIAL})
NOTHING = {"server": "", "cert": "", "key": "", "ca": "", "config": "", "node": ""}


def as_read_by_all(text: str, folder: Path) -> dict[str, dict[str, str]]:
    """Return the nodes as the full program reads them."""
    file = folder / "rnx-config.yml"
    file.write_text(text, encoding="utf-8", newline="")
    return {
        name: {"address": node.address, "cert": node.tls.cert, "key": node.tls.key, "ca": node.tls.ca}
        for name, node in read_nodes(file).items()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def expect_same_or_not_plain(text: str, folder: Path) -> None:
    """Read a file as both do."""
    try:
        nodes = nodes_of(text)
    except ValueError:
        return

    assert nodes == as_read_by_all(text, folder)


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


class TestFile:
    """rnx-config.yml."""

    def test_as_init_writes_it(self, folder: Path) -> None:
        """The nodes are those that the full program reads."""
        assert nodes_of(FILE) == as_read_by_all(FILE, folder)

    @given(
        st.integers(0, len(FILE)), st.integers(0, 12), st.text(max_size=12) | st.sampled_from("\n \"'#:|\t-0")
    )
    def test_any_change(self, folder: Path, start: int, length: int, text: str) -> None:
        """Whatever is changed in it, it is read as the full program reads it, or not at all."""
        changed = FILE[:start] + text + FILE[start + length :]
        expect_same_or_not_plain(changed, folder)

    @given(st.permutations(FILE.splitlines(keepends=True)))
    def test_lines_in_any_order(self, folder: Path, lines: list[str]) -> None:
        """Lines that are plain each are not plain in any order."""
        expect_same_or_not_plain("".join(lines), folder)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('version: "3.0"', 'version: "2.0"'),
            ("  viewer:", "  default:"),
            ("    ca: |", "    cert: |"),
            ("BEGIN CERT", "BEGIN SERT"),
            ("localhost:50051", "localhost:0"),
            ("localhost:50051", "localhost:500510"),
            ("localhost:50051", "local\\u0068ost:50051"),
            ("localhost:50051", "[::1]:50051"),
            ('"localhost:50051"', '"localhost:50051'),
            ("    key: |", "    key: >"),
            ("nodes:\n", "nodes:\n\n"),
            ("  viewer:", "  viewer"),
            ("# The", "# \x7f"),
        ],
    )
    def test_not_plain(self, old: str, new: str) -> None:
        """A file that is wrong, or written otherwise, is not plain."""
        assert old in FILE
        with pytest.raises(ValueError, match="not plain"):
            nodes_of(FILE.replace(old, new))


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


def test_a_missing_node_is_an_error_of_the_full_program(folder: Path) -> None:
    """What this test takes for the full program's reading refuses what is wrong."""
    with pytest.raises(ConfigurationError):
        as_read_by_all(FILE.replace("    ca: |", "    cab: |"), folder)
