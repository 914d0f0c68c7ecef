"""`rnx run`: start a job, and stay with it if that is wanted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.cli.forms import output_option, show_job
from joblet.cli.parameters import DURATION, POSITIVE_DURATION, VARIABLE, read_variables
from joblet.cli.program import ends_with_a_job
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.job import Job, JobSpec


# Everything from the first word that is no flag on is the job's, whatever it looks like.
@click.command("run", context_settings={"allow_interspersed_args": False}, options_metavar="[flags]")
@click.option(
    "--max-cpu", type=int, default=0, metavar="INT", help="Max CPU percentage (default: from config)."
)
@click.option(
    "--max-memory", type=int, default=0, metavar="INT", help="Max memory in MB (default: from config)."
)
@click.option(
    "--max-iobps", type=int, default=0, metavar="INT", help="Max I/O bytes per second (default: from config)."
)
@click.option(
    "--env",
    type=VARIABLE,
    multiple=True,
    metavar="K=V",
    help="A variable of the job's environment; wins over the file's.",
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="A file of variables, K=V a line.",
)
@click.option(
    "--workdir", default="", metavar="PATH", help="Where the command starts, below /work (default: /work)."
)
@click.option(
    "--timeout",
    type=POSITIVE_DURATION,
    default=None,
    metavar="TIME",
    help="Stop it after this time, such as 1h30m (default: from config).",
)
@click.option(
    "--stop-grace",
    type=DURATION,
    metavar="TIME",
    help="From SIGTERM to SIGKILL, such as 5s (default: from config).",
)
@click.option("--name", default="", metavar="TEXT", help="A name for people; need not be unique.")
@click.option("--key", default="", metavar="TEXT", help="Start it once, however often this is run.")
@click.option(
    "--upload",
    type=click.Path(exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="A file to put into /work before the command starts.",
)
@click.option(
    "--upload-dir",
    type=click.Path(exists=True, file_okay=False),
    multiple=True,
    metavar="DIR",
    help="A folder whose contents to put there.",
)
@click.option("--stdin", "-i", is_flag=True, help="Send it this program's standard input.")
@click.option(
    "--tty", "-t", is_flag=True, help="Give it this terminal; implies --stdin and --wait (often written -it)."
)
@output_option
@click.option("--wait", "-w", is_flag=True, help="Show its output, and end with its exit code.")
@click.option("--detach-on-interrupt", is_flag=True, help="With --wait: Ctrl-C leaves the job running.")
@click.argument("job_command", metavar="<command>")
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[args...]")
@click.pass_obj
def command(
    choice: Choice,
    /,
    *,
    form: str,
    wait: bool,
    detach_on_interrupt: bool,
    tty: bool,
    upload: tuple[str, ...],
    upload_dir: tuple[str, ...],
    **said: Any,
) -> None:
    """Create and start a new job with optional resource limits.

    \b
    Examples:
      rnx run echo "hello world"
      rnx run --max-cpu=50 python3 script.py
      rnx run --max-memory=1024 java -jar app.jar
      rnx run bash -c "sleep 10 && echo done"
      rnx run --name=nightly --timeout=1h30m --env=LEVEL=3 make test
      rnx run --wait make test && echo passed
      rnx run --upload=script.py --upload-dir=data python3 script.py
      rnx run -iw sort < names.txt
      rnx run -it bash

    With --wait the exit code is the job's own: 128 + n if signal n ended it,
    127 and 126 if the command was not found or not executable, and 125 if the
    job could not be run, or it is not known how it ended. Ctrl-C asks the job to
    stop, a second one kills it.

    With --stdin alone it ends when the job has all of its input. With --tty every
    key is the job's, but for Ctrl-P Ctrl-Q, which leaves it running; rnx attach
    comes back.
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    if detach_on_interrupt and (tty or not wait):
        raise click.UsageError("--detach-on-interrupt: expected --wait with it, and not --tty")
    if (wait or tty) and form != "text":
        raise click.UsageError("--output: expected text with --wait, which shows the job's own output")
    if said["key"] and said["stdin"] and not tty:
        # Run again, it would find the job with part of the input, and send all of it once more behind that.
        raise click.UsageError("--key: expected no --stdin with it, which is sent as often as this is run")
    files = Files(upload, upload_dir)
    if wait or tty:
        code = exit_code_of(choice, files, detaches=detach_on_interrupt, tty=tty, **said)
        raise click.exceptions.Exit(code)
    spec = spec_from_options(**said)
    call(choice, lambda client: shown(client, spec, files, form))


class Files(NamedTuple):
    """What to upload."""

    files: tuple[str, ...]
    folders: tuple[str, ...]


async def shown(client: Client, spec: JobSpec, files: Files, form: str) -> None:
    """Start a job and show it; if it is to have this program's input, return when it has all of it."""
    job = await started(client, spec, files)
    show_job(job, form, render.started)
    if spec.stdin:
        from joblet.cli.foreground import send_input  # noqa: PLC0415  only now, for it needs asyncio

        await send_input(client, job.id)


def exit_code_of(choice: Choice, files: Files, *, detaches: bool, tty: bool, **said: Any) -> int:
    """Return the exit code of a job, run here as it seems."""
    with ends_with_a_job():
        spec = spec_from_options(**said)
        if tty:
            spec = in_this_terminal(spec)
        return call(choice, lambda client: attached(client, spec, files, detaches=detaches))


def in_this_terminal(spec: JobSpec) -> JobSpec:
    """Return what is asked for, with a terminal as this one is.

    Raises:
        InvalidRequestError: this is none.

    """
    from joblet.cli.keyboard import require_terminal, terminal_size  # noqa: PLC0415  for --tty only

    require_terminal()
    kind = os.environ.get("TERM")
    environment = {**({"TERM": kind} if kind else {}), **spec.environment}
    return replace(spec, terminal=terminal_size(), environment=environment)


async def attached(client: Client, spec: JobSpec, files: Files, *, detaches: bool) -> int:
    """Return the exit code of a job that it stays with."""
    from joblet.cli.foreground import run_here  # noqa: PLC0415  only now, for it needs asyncio

    if spec.terminal:
        from joblet.cli.interact import interact  # noqa: PLC0415  for --tty only

        job = await started(client, spec, files)
        return await interact(client, job.id, tail_lines=None, redraws=False)
    # Before anything is done about Ctrl-C: it ends an upload, and there is no job to stop.
    uploaded = await started(client, spec, files) if any(files) else None
    return await run_here(client, spec, uploaded, detaches=detaches)


async def started(client: Client, spec: JobSpec, files: Files) -> Job:
    """Return the job once it is accepted, with its files; show how far the upload is."""
    if not any(files):
        return await client.start(spec)
    from joblet.cli.progress import Progress  # noqa: PLC0415  for uploads only

    with Progress("Uploading") as progress:
        return await client.start(spec, files=files.files, folders=files.folders, on_progress=progress.tell)


def spec_from_options(
    *,
    max_cpu: int,
    max_memory: int,
    max_iobps: int,
    env: tuple[tuple[str, str], ...],
    env_file: tuple[Path, ...],
    workdir: str,
    timeout: float | None,
    stop_grace: float | None,
    name: str,
    key: str,
    stdin: bool,
    job_command: str,
    args: tuple[str, ...],
) -> JobSpec:
    """Return what the command line asks for.

    Raises:
        InvalidRequestError: something in it is refused.
        ConfigurationError: a file of variables is wrong.

    """
    from joblet.job import JobSpec  # noqa: PLC0415  not for --help
    from joblet.limits import Limits  # noqa: PLC0415

    environment: dict[str, str] = {}
    for file in env_file:
        environment |= read_variables(file)
    return JobSpec(
        command=job_command,
        args=args,
        limits=Limits(cpu_percent=max_cpu, memory_mb=max_memory, io_bps=max_iobps),
        environment=environment | dict(env),
        workdir=workdir,
        timeout_seconds=timeout or 0.0,
        stop_grace_seconds=stop_grace,
        name=name,
        key=key,
        stdin=stdin,
    )
