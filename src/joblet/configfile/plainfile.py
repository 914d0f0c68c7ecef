"""rnx-config.yml as `joblet init` writes it, read without a YAML parser, whose import takes long.

Every line is one of a few shapes at one of three depths. Any other line may be good YAML too, but is a
`ValueError` here, without a word on what is wrong: that is for `client.py`, which reads any file.
"""

from __future__ import annotations

PartsOfNode = dict[str, str]
"""`address`, and PEM text for `cert`, `key` and `ca`."""

HEAD = ['version: "3.0"']
NODE, KEY, TEXT = " " * 2, " " * 4, " " * 6
BLOCK = "|"
"""What begins the lines of a text in YAML."""

LONGEST_PORT = 5
LABELS = {
    "cert": "-----BEGIN CERTIFICATE-----",
    "key": "PRIVATE KEY-----",
    "ca": "-----BEGIN CERTIFICATE-----",
}
PARTS = {"address", *LABELS}


def read(path: str) -> str:
    """Return the text of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not ASCII.

    """
    with open(path, encoding="utf-8") as file:  # not "ascii", which would be imported
        text = file.read()
    expect(text.isascii())
    return text


def nodes_of(text: str) -> dict[str, PartsOfNode]:
    """Return the nodes of a file by name.

    Raises:
        ValueError: a line, or a part of a node, is not as `joblet init` writes it.

    """
    head, _, body = text.partition("\nnodes:\n")
    expect([line for line in head.split("\n") if line and line[0] != "#"] == HEAD)
    expect(text.endswith("\n") and text.isascii() and text.replace("\n", "").isprintable())
    nodes: dict[str, PartsOfNode] = {}
    name = block = ""
    for line in body[:-1].split("\n"):
        depth = line[: len(line) - len(line.lstrip(" "))]
        key, _, value = line.strip(" ").partition(":")
        if depth == TEXT and block:
            nodes[name][block] += line.removeprefix(TEXT) + "\n"
        elif depth == KEY and nodes:
            expect(key in PARTS and key not in nodes[name])
            block = key if value == f" {BLOCK}" else ""
            nodes[name][key] = "" if block else unquoted(value)
        else:
            expect(line == f"{NODE}{key}:" and is_word(key) and key not in nodes)
            name, block = key, ""
            nodes[name] = {}
    for node in nodes.values():
        expect(node.keys() == PARTS)
        expect_pem(node)
        address_of(node["address"])
    return nodes


def unquoted(value: str) -> str:
    """Return what stands in quotes after a key; that needs none of JSON's escapes is for the caller to see.

    Raises:
        ValueError: there are no quotes.

    """
    expect(value.startswith(' "') and value.endswith('"'))
    return value[2:-1]


def expect_pem(node: PartsOfNode) -> None:
    """Look for what tells a certificate and a key from other text.

    Raises:
        ValueError: it is not there.

    """
    expect(all(label in node[part] for part, label in LABELS.items()))


def address_of(text: str) -> tuple[str, int]:
    """Return host and port; a host in brackets is not plain.

    Raises:
        ValueError: it is not `host:port`.

    """
    host, _, port = text.partition(":")
    expect(is_word(host.replace(".", "x")))
    expect(port.isascii() and port.isdecimal() and len(port) <= LONGEST_PORT and 0 < int(port) < 2**16)
    return host, int(port)


def is_word(text: str) -> bool:
    """Whether this is a word that means itself in YAML: letters, digits, dashes."""
    return text.isascii() and text[:1].isalnum() and text.replace("-", "x").isalnum()


def expect(is_plain: bool) -> None:
    """Go on if this holds.

    Raises:
        ValueError: it does not.

    """
    if not is_plain:
        raise ValueError("not plain")
