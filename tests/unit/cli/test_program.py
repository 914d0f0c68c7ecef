"""The way out: each failure is one line on stderr and one exit code."""

from __future__ import annotations

import errno
from typing import Any

import click
import pytest

from joblet.cli.program import LateGroup, exit_code
from joblet.errors import JobNotFoundError, ServerError


def program_raising(error: BaseException | None) -> click.Group:
    """Return a program whose command `do` raises this."""

    @click.group("prog")
    def prog() -> None:
        pass

    @prog.command("do")
    def do() -> None:
        click.echo("result")
        if error:
            raise error

    return prog


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (None, 0, ""),
        (JobNotFoundError("999"), 1, "Error: job not found: 999\n"),
        (ServerError("two\nlines \x1b[31m"), 1, "Error: two\\nlines \\x1b[31m\n"),
        (click.ClickException("bad"), 1, "Error: bad\n"),
        (click.UsageError("worse"), 2, "Error: worse (see prog do --help)\n"),
        (OSError(errno.ENOSPC, "No space left"), 1, "Error: cannot write output: No space left\n"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.pem"), 1, "Error: x.pem: No such file\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str], error: BaseException | None, code: int, message: str
) -> None:
    """Results stay on stdout, the error is one line on stderr, the exit code tells the kinds apart."""
    assert exit_code(program_raising(error), ["do"]) == code
    assert capsys.readouterr() == ("result\n", message)


@pytest.mark.parametrize(
    ("arguments", "what", "program"),
    [
        ([], "Missing command", "prog"),
        (["undo"], "'undo'", "prog"),
        (["do", "it"], "(it)", "prog do"),
        (["--undo"], "--undo", "prog"),
    ],
)
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str], what: str, program: str
) -> None:
    """Wrong usage is one line that says what and where help is (the words are click's), and exit code 2."""
    group = program_raising(None)
    group.no_args_is_help = False

    assert exit_code(group, arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert what in err
    assert err.endswith(f" (see {program} --help)\n")
    assert err.count("\n") == 1


def test_help_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for help exits 0, with the help on stdout."""
    assert exit_code(program_raising(None), ["do", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: prog do")


def test_a_bug_is_not_hidden() -> None:
    """What nobody raises on purpose keeps its traceback."""
    with pytest.raises(ZeroDivisionError):
        exit_code(program_raising(ZeroDivisionError()), ["do"])


def test_late_commands() -> None:
    """A late group lists its commands in their order, and finds them by module and name."""
    homes = {"run": "joblet.cli.run:command", "list": "joblet.cli.list:command"}
    group: Any = LateGroup("prog", homes=homes)
    ctx = click.Context(group)

    assert group.list_commands(ctx) == ["run", "list"]
    assert group.get_command(ctx, "run").name == "run"
    assert group.get_command(ctx, "none") is None
