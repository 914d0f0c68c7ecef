"""Certificates and keys as configuration files give them: PEM text, checked for its label only.

Whether they are valid and belong together is for TLS to say when it loads them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def parse_certificate(text: str) -> str:
    """Return the text if it has a certificate in PEM.

    Raises:
        ValueError: it has none.

    """
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError("a certificate in PEM (-----BEGIN CERTIFICATE-----)")
    return text


def parse_private_key(text: str) -> str:
    """Return the text if it has a private key in PEM, of any kind.

    Raises:
        ValueError: it has none.

    """
    if "PRIVATE KEY-----" not in text:
        raise ValueError("a private key in PEM (-----BEGIN PRIVATE KEY-----)")
    return text


def parse_file(folder: Path, parse: Callable[[str], object]) -> Callable[[str], object]:
    """Return a parser of paths, relative to `folder`, that gives what `parse` makes of the file's text."""

    def parse_path(path: str) -> object:
        try:
            text = (folder / path).read_text(encoding="ascii", errors="replace") if path else ""
        except OSError as error:
            raise ValueError(f"a file that can be read ({error.strerror})") from error
        return parse(text)

    return parse_path
