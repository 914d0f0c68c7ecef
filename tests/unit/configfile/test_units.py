"""Durations, sizes, counts and addresses as configuration files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.configfile.units import (
    parse_absolute_path,
    parse_address,
    parse_duration,
    parse_positive_duration,
    parse_size,
    size,
    whole_number,
)

PARSERS = [parse_duration, parse_positive_duration, parse_size, parse_address, parse_absolute_path]


@given(
    hours=st.integers(0, 1000),
    minutes=st.integers(0, 1000),
    seconds=st.integers(0, 1000),
    ms=st.integers(0, 10**6),
)
def test_duration_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int, ms: int) -> None:
    """A duration with all units means the sum of them."""
    parsed = parse_duration(f"{hours}h{minutes}m{seconds}s{ms}ms")

    assert parsed == pytest.approx(hours * 3600 + minutes * 60 + seconds + ms / 1000)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("100ms", 0.1),
        ("5s", 5),
        ("0.5s", 0.5),
        ("1h30m", 5400),
        ("1h", 3600),
        ("2m", 120),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_duration(text: str, seconds: float) -> None:
    """Units may be left out, the last may have a fraction, and 0 needs none."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "1.5", "s", "-5s", "5 s", "1m1h", "5S", "1h1h", "1d", "٣s", "5s\n", "1e3s", ".5s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A number without a unit, an unknown unit or a wrong order is not guessed at."""
    with pytest.raises(ValueError, match="a duration such as 100ms, 5s or 1h30m"):
        parse_duration(text)


@given(count=st.integers(0, 2**22), unit=st.sampled_from(["", "B", "KiB", "MiB", "GiB", "TiB"]))
def test_size_is_its_number_times_its_unit(count: int, unit: str) -> None:
    """Each unit is 1024 of the one before; none means bytes."""
    power = {"": 0, "B": 0, "KiB": 1, "MiB": 2, "GiB": 3, "TiB": 4}[unit]

    if count * 1024**power < 2**63:
        assert parse_size(f"{count}{unit}") == count * 1024**power
    else:
        with pytest.raises(ValueError, match="a size in bytes"):
            parse_size(f"{count}{unit}")


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5GiB", "10MB", "10M", "KiB", "1e6", "9" * 30])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A decimal unit (`MB`) is refused rather than taken for one of its two meanings."""
    with pytest.raises(ValueError, match="a size in bytes, or such as 512KiB, 10MiB or 1GiB"):
        parse_size(text)


@given(st.text())
def test_parsers_accept_or_raise_value_error(text: str) -> None:
    """Whatever the text, a parser returns or raises ValueError with a short expectation."""
    for parse in (*PARSERS, whole_number(1), size(1024)):
        try:
            parse(text)
        except ValueError as error:
            assert str(error).startswith(("a ", "an ", "host:port"))  # noqa: PT017  both outcomes are right


@given(st.integers(-(10**17), 10**17), st.integers(0, 100), st.integers(100, 10**6))
def test_whole_number_is_held_to_its_bounds(number: int, least: int, most: int) -> None:
    """A number within the bounds is taken as it is, any other is refused."""
    if least <= number <= most:
        assert whole_number(least, most)(str(number)) == number
    else:
        with pytest.raises(ValueError, match="a whole number of at"):
            whole_number(least, most)(str(number))


@pytest.mark.parametrize("text", ["010", "0x10", "1_000", "1:30", "+1", "1.0", " 1"])
def test_only_decimal_numbers_are_numbers(text: str) -> None:
    """What YAML 1.1 would take for octal, hexadecimal or sexagesimal is refused."""
    with pytest.raises(ValueError, match="a whole number of at least 0"):
        whole_number(0)(text)


@pytest.mark.parametrize("text", ["localhost:50051", "10.0.0.1:1", "[::1]:65535", "[fe80::1%eth0]:50051"])
def test_address(text: str) -> None:
    """A name, an IPv4 address and a bracketed IPv6 address are hosts."""
    assert parse_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        ":50051",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "::1:50051",
        "a b:1",
        "x:1/y",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """A missing host or port, a port out of range and a bare IPv6 address are refused."""
    with pytest.raises(ValueError, match="host:port"):
        parse_address(text)


@pytest.mark.parametrize("text", ["", "/", "usr", "./usr", "/usr/../root", "//usr"])
def test_what_is_no_absolute_path_is_refused(text: str) -> None:
    """A relative path, one that climbs and the root itself are refused."""
    with pytest.raises(ValueError, match="an absolute path"):
        parse_absolute_path(text)
