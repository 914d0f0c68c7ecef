"""`job-worker start`: run a command as a job, and say whether it executes."""

from __future__ import annotations

import click

from joblet.cli.calling import call_worker
from joblet.cli.worker import render
from joblet.configfile.client import Choice


# Everything from the first word that is no flag on is the job's, whatever it looks like.
@click.command("start", context_settings={"allow_interspersed_args": False})
@click.argument("job_command", metavar="<command>")
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[args...]")
@click.pass_obj
def command(choice: Choice, *, job_command: str, args: tuple[str, ...]) -> None:
    """Start a job with the server's default limits.

    It fails, with the reason, if the command cannot be executed.

    \b
    Examples:
      job-worker start echo "hello world"
      job-worker start bash -c "sleep 10 && echo done"
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    started = call_worker(choice, lambda client: client.start(job_command, args))
    if not started.pid:
        raise click.ClickException(started.message)
    click.echo(render.started(started))
