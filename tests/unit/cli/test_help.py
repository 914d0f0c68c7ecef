"""What `--help` says, of every verb of every program."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from joblet.admin.main import joblet
from joblet.cli.main import rnx
from joblet.cli.worker.main import job_worker

WIDTH = 80


def groups(group: click.Group, ctx: click.Context) -> Iterator[tuple[click.Group, click.Context]]:
    """Yield a group and those in it."""
    yield group, ctx
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from groups(command, child_of(ctx, command, name))


def child_of(ctx: click.Context, command: click.Command, name: str) -> click.Context:
    return click.Context(command, parent=ctx, info_name=name, terminal_width=WIDTH)


def commands(program: click.Group) -> Iterator[click.Context]:
    """Yield a context for every command of a program."""
    top = click.Context(program, info_name=program.name, terminal_width=WIDTH)
    for group, ctx in groups(program, top):
        yield ctx
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            if not isinstance(command, click.Group):
                yield child_of(ctx, command, name)


PROGRAMS = (rnx, job_worker, joblet)
COMMANDS = [pytest.param(ctx, id=ctx.command_path) for program in PROGRAMS for ctx in commands(program)]


@pytest.mark.parametrize("ctx", COMMANDS)
def test_it_fits_a_terminal(ctx: click.Context) -> None:
    """In 80 columns no line is wider, and what a verb does is not cut off in the list of verbs."""
    lines = ctx.get_help().splitlines()

    assert [line for line in lines if len(line) > WIDTH] == []
    assert [line for line in lines if line.endswith("...") and "Usage" not in line] == []


@pytest.mark.parametrize("ctx", COMMANDS)
def test_every_option_is_explained(ctx: click.Context) -> None:
    """Each has a sentence."""
    options = [each for each in ctx.command.get_params(ctx) if isinstance(each, click.Option)]

    assert [each.name for each in options if not (each.help or "").endswith(".")] == []
