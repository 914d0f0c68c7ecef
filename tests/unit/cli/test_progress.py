"""The line that says how far a transfer is."""

from __future__ import annotations

import pytest

from joblet.cli.figures import clock_text
from joblet.cli.progress import line_of

MIB = 1 << 20


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "Uploading  25%  of 400 MiB  10.0 MiB/s  0:30 left"),
        (49, "Uploading  25%  of 400 MiB  10.0 MiB/s  0:30 left"),
        (48, "Uploading  25%  of 400 MiB  10.0 MiB/s"),
        (30, "Uploading  25%  of 400 MiB"),
        (24, "Uploading  25%"),
        (9, "Uploading"),
        (8, ""),
    ],
)
def test_it_fits_the_width(width: int, line: str) -> None:
    """The less important goes first."""
    assert line_of("Uploading", 100 * MIB, 400 * MIB, 10, width) == line


def test_a_total_that_is_not_known() -> None:
    """Nothing is said of what is left."""
    assert line_of("Downloading", 5 * MIB, 0, 0.5, 80) == "Downloading  5.0 MiB  10.0 MiB/s"


def test_a_file_that_has_grown() -> None:
    """More than all is all."""
    assert (
        line_of("Uploading", 3 * MIB, 2 * MIB, 3, 80) == "Uploading  100%  of 2.0 MiB  1.0 MiB/s  0:00 left"
    )


def test_the_beginning() -> None:
    """No time, no rate, no division by either."""
    assert line_of("Uploading", 0, 3600, 0, 80) == "Uploading  0%  of 3.5 KiB  0 B/s  1:00:00 left"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3723, "1:02:03")])
def test_clocks(seconds: float, text: str) -> None:
    """To the second."""
    assert clock_text(seconds) == text
