"""What the words of a command line may be: durations, times, variables. Wrong ones are wrong usage.

The parsers are those of the configuration files, so that a duration is written alike everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import click

from joblet.configfile.units import parse_duration, parse_positive_duration
from joblet.errors import ConfigurationError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Value = TypeVar("Value")


class Parsed(click.ParamType, Generic[Value]):  # type: ignore[type-arg]  # generic in the newest click only
    """A parameter that one of our parsers reads; what it expected is in its ValueError."""

    def __init__(self, name: str, parse: Callable[[str], Value]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Value:
        """Return the value of a word, see `click.ParamType`."""
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(f"expected {error}, got {value!r}", param, ctx)


def parse_variable(text: str) -> tuple[str, str]:
    """Return name and value of `NAME=VALUE`; the value may be empty and have more of `=`.

    Raises:
        ValueError: there is no name, or no `=`.

    """
    name, equals, value = text.partition("=")
    if not name or not equals or name != name.strip():
        raise ValueError("NAME=VALUE")
    return name, value


def read_variables(file: Path) -> dict[str, str]:
    """Return the variables of a file: `NAME=VALUE` a line, taken as it is; `#` begins a line of comment.

    Raises:
        ConfigurationError: a line is neither, or the file cannot be read.

    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise ConfigurationError(str(file), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(str(file), "expected UTF-8 text") from error
    variables = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, value = parse_variable(line.removesuffix("\r"))
        except ValueError as error:
            # Not the line itself: such files hold secrets.
            raise ConfigurationError(f"{file}:{number}", f"expected {error}") from None
        variables[name] = value
    return variables


def parse_moment(text: str) -> datetime:
    """Return a time, from RFC 3339 or from how long ago it was (`1h30m`); without an offset it is UTC.

    Raises:
        ValueError: it is neither.

    """
    expected = "a time such as 2024-01-15T10:30:00Z, or how long ago, such as 1h30m"
    try:
        return datetime.now(UTC) - timedelta(seconds=parse_positive_duration(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(expected) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def complete_job_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the jobs whose ids begin like this."""
    from joblet.cli import completion  # noqa: PLC0415  not for a command that is run

    return completion.complete_job_ids(ctx, param, incomplete)


job_id_argument = click.argument("job_id", metavar="<job-id>", shell_complete=complete_job_ids)
job_ids_argument = click.argument(
    "job_ids", metavar="<job-id>...", nargs=-1, required=True, shell_complete=complete_job_ids
)
DURATION = Parsed("duration", parse_duration)
POSITIVE_DURATION = Parsed("duration", parse_positive_duration)
MOMENT = Parsed("time", parse_moment)
VARIABLE = Parsed("variable", parse_variable)
COUNT = click.IntRange(min=0)
