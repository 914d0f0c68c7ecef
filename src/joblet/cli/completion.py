"""`rnx completion`: have a shell complete commands, flags and the ids of jobs.

click makes the scripts and does the completing; the shell asks by running `rnx`
with `_RNX_COMPLETE` set (`program.py`).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from joblet.cli.calling import call
from joblet.cli.render import command_line
from joblet.configfile.client import Choice
from joblet.errors import JobletError

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_RNX_COMPLETE"
MOST_JOBS = 50
PATIENCE_SECONDS = 2.0
"""How long somebody who has pressed Tab will wait."""


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a shell's script to complete rnx's words and job ids.

    \b
    Examples:
      eval "$(rnx completion bash)"      # in ~/.bashrc
      eval "$(rnx completion zsh)"       # in ~/.zshrc
      rnx completion fish > ~/.config/fish/completions/rnx.fish
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    completion_class = get_completion_class(shell)
    assert completion_class is not None  # noqa: S101  click has all of SHELLS
    completion = completion_class(ctx.find_root().command, {}, "rnx", VARIABLE)
    # Not `source()`: for bash that starts one, to check its version.
    click.echo(completion.source_template % completion.source_vars())


def complete_job_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the newest jobs whose ids begin like this; none if the server does not say.

    What went wrong is for the command to say: here it would be in the middle of a line that is being typed.
    """
    said = ctx.find_root().params
    choice = Choice(**{part.name: said[part.name] or "" for part in fields(Choice)})
    try:
        jobs = call(choice, newest)
    except (JobletError, TimeoutError):
        return []
    return [
        CompletionItem(job.id, help=f"{job.status} {command_line(job)}"[:60])
        for job in jobs
        if job.id.startswith(incomplete) and job.id not in ctx.params.get("job_ids", ())
    ]


async def newest(client: Client) -> list[Job]:
    """Return the newest jobs."""
    import asyncio  # noqa: PLC0415  not where nothing is completed
    from contextlib import aclosing  # noqa: PLC0415

    from joblet.search import Search  # noqa: PLC0415

    jobs: list[Job] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(client.search(Search(is_reversed=True))) as found:
        async for job in found:
            jobs.append(job)
            if len(jobs) == MOST_JOBS:
                break
    return jobs
