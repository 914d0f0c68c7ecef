"""What `rnx` and `joblet` share: commands that are imported late, and one way out.

Exit codes: 0; 1 for a failure; 2 for wrong usage; 130 after Ctrl-C and 141 when
whoever reads the output has left, as shells give them (128 + signal). Commands
that end with a job's own code fail with 125 instead of 1. Whatever fails is one
line on stderr; a traceback is a bug.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from joblet.cli.ends import NOT_RUN
from joblet.cli.render import printable
from joblet.errors import JobletError

FAILURE = 1
INTERRUPTED = 130
OUTPUT_CLOSED = 141


class CouldNotRun(click.ClickException):
    """A command that ends with a job's exit code has none to end with."""

    exit_code = NOT_RUN


@contextmanager
def ends_with_a_job() -> Iterator[None]:
    """Have what fails in the block be 125: the command ends with a job's exit code, and there is none."""
    try:
        yield
    except JobletError as error:
        raise CouldNotRun(str(error)) from error


class LateGroup(click.Group):
    """A group whose commands are imported when they are used; `homes` says where: `module:name`."""

    def __init__(self, *args: Any, homes: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in the order of `homes`, which is that of use."""
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's
        """Return the command of this name, or None if there is none."""
        if cmd_name not in self._homes:
            return None
        module, _, name = self._homes[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None


def run(program: click.Group) -> NoReturn:
    """Run a program with the arguments of this process, or complete them for a shell, and exit."""
    variable = f"_{program.name}_COMPLETE".upper().replace("-", "_")
    if instruction := os.environ.get(variable):
        from click.shell_completion import shell_complete  # noqa: PLC0415  for a shell only

        sys.exit(shell_complete(program, {}, str(program.name), variable, instruction))
    leave(exit_code(program, sys.argv[1:]))


def leave(code: int) -> NoReturn:
    """Exit with this code."""
    if code:
        # What could not be written is still in the buffer, and Python would fail at it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def exit_code(program: click.Group, arguments: Sequence[str]) -> int:
    """Run a program, say what went wrong if something did, and return its exit code.

    Not `click.Group.main`: on Windows that expands `*` in what is for the
    job's host, and it has its own ways to end on Ctrl-C and a closed pipe.
    """
    try:
        with program.make_context(program.name, list(arguments)) as ctx:
            program.invoke(ctx)
    except click.exceptions.Exit as asked:
        return asked.exit_code
    except (KeyboardInterrupt, click.ClickException, JobletError, OSError) as error:
        return code_after(error, program)
    return 0


def code_after(
    error: KeyboardInterrupt | click.ClickException | JobletError | OSError, program: click.Group
) -> int:
    """Say what went wrong, unless whoever asks knows it, and return the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return OUTPUT_CLOSED
    click.echo(f"Error: {printable(explanation(error, program))}", err=True)
    return error.exit_code if isinstance(error, click.ClickException) else FAILURE


def explanation(error: click.ClickException | JobletError | OSError, program: click.Group) -> str:
    """Return what went wrong, and where help is if it is the usage."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else program.name
        return f"{error.format_message()} (see {command} --help)"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        return f"{error.filename or 'cannot write output'}: {error.strerror or error}"
    return str(error)
