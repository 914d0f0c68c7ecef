"""The flags that the verbs of `rnx monitor` share."""

from __future__ import annotations

from collections.abc import Sequence

import click

from joblet.cli.parameters import Parsed
from joblet.configfile.units import parse_positive_duration

TYPES = ("cpu", "memory", "disk", "network", "io", "process", "job")
LONGEST_SECONDS = 3600


def parse_types(text: str) -> Sequence[str]:
    """Return the types that a text names, parted by commas.

    Raises:
        ValueError: one of them is none.

    """
    types = [each.strip().lower() for each in text.split(",")]
    if not set(types) <= set(TYPES):
        raise ValueError(f"some of {','.join(TYPES)}")
    return types


def parse_interval(text: str) -> int:
    """Return whole seconds, of a number or a duration.

    Raises:
        ValueError: it is none, or less than a second, or more than an hour.

    """
    seconds = float(text) if text.isdecimal() else parse_positive_duration(text)
    if not 1 <= seconds <= LONGEST_SECONDS or seconds != int(seconds):
        raise ValueError("whole seconds, from 1s to 1h")
    return int(seconds)


def types_from(groups: tuple[Sequence[str], ...]) -> list[str]:
    """Return the types that all the flags together name."""
    return [each for group in groups for each in group]


filter_option = click.option(
    "--filter",
    "types",
    type=Parsed("types", parse_types),
    multiple=True,
    metavar="TYPES",
    help=f"Only these: {', '.join(TYPES)}; parted by commas.",
)
interval_type = Parsed("interval", parse_interval)
json_option = click.option("--json", "is_json", is_flag=True, help="The same as --output=json.")
