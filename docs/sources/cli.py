"""The programs, from their own --help."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
WIDTH = 80
INTRODUCTION = """\
# Command line reference

Generated from `--help` by `make docs`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(section for program in programs() for section in sections(program))])


def programs() -> Iterator[click.Command]:
    """Yield each program that is installed: the command in the `main` module beside its entry point."""
    scripts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["scripts"]
    for name, target in scripts.items():
        package = target.partition(":")[0].rpartition(".")[0]
        yield getattr(import_module(f"{package}.main"), name.replace("-", "_"))


def sections(command: click.Command, parent: click.Context | None = None) -> Iterator[str]:
    """Yield the help of a command, then that of those below it."""
    settings = {**command.context_settings, "terminal_width": WIDTH}
    ctx = click.Context(command, info_name=command.name, parent=parent, **settings)
    yield f"{'##' if parent is None else '###'} {ctx.command_path}\n"
    yield f"```text\n{command.get_help(ctx)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below:
                yield from sections(below, ctx)
