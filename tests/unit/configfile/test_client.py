"""rnx-config.yml: which node is called, with what, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet.config import Node, TlsConfig
from joblet.configfile import client
from joblet.configfile.client import Choice, choose_node, find_client_config, read_nodes
from joblet.errors import ConfigurationError

KEY = "-----BEGIN EC PRIVATE KEY-----\na2V5\n-----END EC PRIVATE KEY-----\n"


def cert(name: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n"


def node_text(name: str, address: str) -> str:
    def block(text: str) -> str:
        return "|\n" + "".join(f"      {line}\n" for line in text.splitlines())

    return (
        f"  {name}:\n    address: {address}\n    cert: {block(cert(name))}    key: {block(KEY)}"
        f"    ca: {block(cert('authority'))}"
    )


TWO_NODES = 'version: "3.0"\nnodes:\n' + node_text("default", "one:1") + node_text("viewer", '"[::1]:2"')


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory that is also the home directory, on a host without /etc/joblet."""
    monkeypatch.setattr(client, "SEARCHED", client.SEARCHED[:2])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def refusal(choice: Choice) -> str:
    with pytest.raises(ConfigurationError) as refused:
        choose_node(choice)
    return str(refused.value)


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)
    return name


def test_the_node_named_default_is_called() -> None:
    """Without `--node`, `default` of the file in the working directory is taken."""
    write("rnx-config.yml", TWO_NODES)

    assert choose_node(Choice()) == Node(
        address="one:1", tls=TlsConfig(cert=cert("default"), key=KEY, ca=cert("authority"))
    )


def test_another_node_is_called_by_name() -> None:
    """`--node` names another one; `--config` another file."""
    write("other.yml", TWO_NODES)

    node = choose_node(Choice(config="other.yml", node="viewer"))

    assert (node.address, node.tls.cert) == ("[::1]:2", cert("viewer"))


def test_nodes_keep_the_order_of_the_file() -> None:
    """All nodes are read, in the order in which they stand."""
    assert list(read_nodes(Path(write("nodes.yml", TWO_NODES)))) == ["default", "viewer"]


def test_flags_win_over_the_node_part_by_part() -> None:
    """An address or a certificate given replaces that part of the node, and no other."""
    write("rnx-config.yml", TWO_NODES)
    write("mine.pem", cert("mine"))

    node = choose_node(Choice(server="three:3", cert="mine.pem"))

    assert node == Node(address="three:3", tls=TlsConfig(cert=cert("mine"), key=KEY, ca=cert("authority")))


def test_default_paths_are_the_last_resort() -> None:
    """Without any file or flag the API's default address and paths are taken."""
    write("certs/client-cert.pem", cert("client"))
    write("certs/client-key.pem", KEY)
    write("certs/ca-cert.pem", cert("authority"))

    assert choose_node(Choice()) == Node(
        address="localhost:50051", tls=TlsConfig(cert=cert("client"), key=KEY, ca=cert("authority"))
    )


def test_a_file_that_is_not_needed_is_not_read() -> None:
    """When flags say everything, a broken file changes nothing."""
    write("rnx-config.yml", "][")
    write("c.pem", cert("c"))
    write("k.pem", KEY)

    node = choose_node(Choice(server="three:3", cert="c.pem", key="k.pem", ca="c.pem"))

    assert node == Node(address="three:3", tls=TlsConfig(cert=cert("c"), key=KEY, ca=cert("c")))


def test_the_working_directory_is_searched_before_home(home: Path) -> None:
    """`./rnx-config.yml` is found before `~/.rnx/rnx-config.yml`."""
    of_home = home / ".rnx/rnx-config.yml"
    write(str(of_home), TWO_NODES)
    assert find_client_config("") == of_home

    write("rnx-config.yml", TWO_NODES)
    assert find_client_config("") == Path("rnx-config.yml")


def test_without_anything_the_missing_file_and_the_places_are_named() -> None:
    """Who has no configuration at all is told what is missing and where it could be."""
    assert refusal(Choice()) == (
        "certs/client-cert.pem: cannot be read: No such file or directory "
        "(name it with --cert, or make one of rnx-config.yml, ~/.rnx/rnx-config.yml)"
    )


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(config="none.yml"), "none.yml: cannot be read: No such file or directory"),
        (Choice(node="prod"), "rnx-config.yml: no node 'prod' (found default, viewer)"),
        (
            Choice(server="nowhere"),
            "--server: expected host:port, such as localhost:50051 or [::1]:50051, got 'nowhere'",
        ),
        (Choice(cert="none.pem"), "none.pem: cannot be read: No such file or directory"),
        (Choice(key="folder"), "folder: cannot be read: Is a directory"),
        (
            Choice(ca="rnx-config.txt"),
            "rnx-config.txt: expected a certificate in PEM (-----BEGIN CERTIFICATE-----)",
        ),
    ],
)
def test_a_wrong_flag_is_refused(choice: Choice, message: str) -> None:
    """A missing file, an unknown node, a malformed address and a file of another kind are told apart."""
    write("rnx-config.yml", TWO_NODES)
    write("rnx-config.txt", "hello")
    Path("folder").mkdir()

    assert refusal(choice) == message


def test_a_node_without_a_file_is_refused() -> None:
    """`--node` cannot mean anything where there is no file."""
    assert refusal(Choice(node="prod")).startswith("rnx-config.yml: not found (looked for ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nodes:\n  a:\n    adress: x:1", "rnx-config.yml:2: nodes.a.address: missing"),
        ("node: {}", "rnx-config.yml:1: node: unknown key; did you mean nodes?"),
        ("version: 2\nnodes: {}", "rnx-config.yml:1: version: expected one of 3.0, got '2'"),
        ("nodes:\n  default: here", "rnx-config.yml:2: nodes.default: expected a mapping, got 'here'"),
        ("nodes:\n  a: {}\n  a: {}", "rnx-config.yml:3: nodes.a: occurs twice (first in line 2)"),
        ("version: 3.0", "rnx-config.yml: no node 'default' (found none)"),
        (
            TWO_NODES.replace("one:1", "one"),
            (
                "rnx-config.yml:4: nodes.default.address: "
                "expected host:port, such as localhost:50051 or [::1]:50051, got 'one'"
            ),
        ),
        (
            TWO_NODES + "    password: x\n",
            "rnx-config.yml:31: nodes.viewer.password: unknown key; expected one of address, ca, cert, key",
        ),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str) -> None:
    """Each mistake gives one line: file, line, key, and what was expected."""
    write("rnx-config.yml", text)

    assert refusal(Choice()) == message
