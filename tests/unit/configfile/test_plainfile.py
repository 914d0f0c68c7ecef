"""rnx-config.yml as `joblet init` writes it: read as YAML, without YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.admin.cert import Credential
from joblet.admin.template import rnx_config
from joblet.configfile.client import parse_nodes
from joblet.configfile.plainfile import nodes_of
from joblet.errors import ConfigurationError

CERT = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
CREDENTIAL = Credential(cert=CERT, key=KEY)
FILE = rnx_config("localhost:50051", CERT, {"default": CREDENTIAL, "viewer": CREDENTIAL})


def as_yaml(text: str, folder: Path) -> dict[str, dict[str, str]]:
    """Return the nodes as a YAML parser has them."""
    file = folder / "rnx-config.yml"
    file.write_text(text, encoding="utf-8", newline="")
    return {
        name: {"address": node.address, "cert": node.tls.cert, "key": node.tls.key, "ca": node.tls.ca}
        for name, node in parse_nodes(file).items()
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

    assert nodes == as_yaml(text, folder)


class TestPlain:
    """What is plain, and what is not."""

    def test_as_init_writes_it(self, folder: Path) -> None:
        """The nodes are those of YAML."""
        assert nodes_of(FILE) == as_yaml(FILE, folder)

    @given(
        st.integers(0, len(FILE)), st.integers(0, 12), st.text(max_size=12) | st.sampled_from("\n \"'#:|\t-0")
    )
    def test_any_change(self, folder: Path, start: int, length: int, text: str) -> None:
        """Whatever is changed in it, it is read as YAML is, or not at all."""
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


def test_what_it_is_compared_to(folder: Path) -> None:
    """YAML is read by a parser, which refuses what is wrong."""
    with pytest.raises(ConfigurationError):
        as_yaml(FILE.replace("    ca: |", "    cab: |"), folder)
