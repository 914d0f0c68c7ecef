"""Text of a configuration file to numbers: durations, sizes, counts, names. Pure.

Each parser raises `ValueError` whose message is what was expected; `section`
completes it with where it was and what was found instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from joblet.limits import INT32_MAX

SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
BYTES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

# As Go writes them (`1h30m0s`), each unit at most once and the largest first.
DURATION = re.compile(
    r"(?=[0-9])(?:(?P<h>[0-9]+)h)?(?:(?P<m>[0-9]+)m(?!s))?(?:(?P<s>[0-9]+(?:\.[0-9]+)?)s)?(?:(?P<ms>[0-9]+)ms)?"
)
SIZE = re.compile(r"([0-9]{1,18}) ?((?:[KMGT]i)?B)?")
WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s:/\[\]]+):([0-9]{1,5})")

MAX_NUMBER = 2**63 - 1
MAX_SECONDS = 10 * 365 * 24 * 3600.0


def parse_duration(text: str) -> float:
    """Return seconds; `0` alone needs no unit, any other number does.

    Raises:
        ValueError: it is not a duration, or is longer than ten years.

    """
    parts = DURATION.fullmatch(text)
    if text != "0" and not parts:
        raise ValueError("a duration such as 100ms, 5s or 1h30m")
    found = parts.groupdict() if parts else {}
    seconds = sum(float(count) * SECONDS[unit] for unit, count in found.items() if count)
    if seconds > MAX_SECONDS:
        raise ValueError("a duration of at most 87600h")
    return seconds


def parse_positive_duration(text: str) -> float:
    """Return seconds, more than 0.

    Raises:
        ValueError: it is 0 or not a duration.

    """
    seconds = parse_duration(text)
    if seconds == 0:
        raise ValueError("a duration of more than 0, such as 100ms, 5s or 1h30m")
    return seconds


def parse_size(text: str) -> int:
    """Return bytes. `MB` is refused: half of the world means 2^20 by it.

    Raises:
        ValueError: it is not a size.

    """
    parts = SIZE.fullmatch(text)
    number = int(parts[1]) * BYTES[parts[2] or ""] if parts else -1
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError("a size in bytes, or such as 512KiB, 10MiB or 1GiB")
    return number


def whole_number(least: int, most: int = INT32_MAX) -> Callable[[str], int]:
    """Return a parser of decimal numbers from `least` to `most`.

    Decimal only: in YAML 1.1 `010` is 8 and `1:30` is 90.
    """

    def parse(text: str) -> int:
        if not WHOLE.fullmatch(text) or int(text) < least:
            raise ValueError(f"a whole number of at least {least}")
        if int(text) > most:
            raise ValueError(f"a whole number of at most {most}")
        return int(text)

    return parse


def size(least: int, most: int = INT32_MAX) -> Callable[[str], int]:
    """Return a parser of sizes from `least` to `most` bytes."""

    def parse(text: str) -> int:
        size_bytes = parse_size(text)
        if size_bytes < least:
            raise ValueError(f"a size of at least {least} bytes")
        if size_bytes > most:
            raise ValueError(f"a size of at most {most} bytes")
        return size_bytes

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser that takes exactly these words, in any case."""

    def parse(text: str) -> str:
        for choice in choices:
            if text.casefold() == choice.casefold():
                return choice
        raise ValueError("one of " + ", ".join(choices))

    return parse


def parse_text(text: str) -> str:
    """Return the text, which must not be empty.

    Raises:
        ValueError: it is empty.

    """
    if not text:
        raise ValueError("a text that is not empty")
    return text


def parse_absolute_path(text: str) -> str:
    """Return a path that starts at the root and does not climb.

    Raises:
        ValueError: it is relative, has `..`, or is the root itself.

    """
    parts = PurePosixPath(text).parts
    if parts[:1] != ("/",) or ".." in parts or len(parts) == 1:
        raise ValueError("an absolute path without .., such as /usr")
    return str(PurePosixPath(text))


def parse_address(text: str) -> str:
    """Return `host:port`, checked; an IPv6 host stands in brackets.

    Raises:
        ValueError: it is not that.

    """
    parts = ADDRESS.fullmatch(text)
    if not parts or not 0 < int(parts[1]) < 2**16:
        raise ValueError("host:port, such as localhost:50051 or [::1]:50051")
    return text
