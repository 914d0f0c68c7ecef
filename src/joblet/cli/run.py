"""`rnx run`: start a job."""

from __future__ import annotations

import click

from joblet.cli import render
from joblet.cli.calling import call
from joblet.configfile.client import Choice


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
@click.argument("job_command", metavar="<command>")
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[args...]")
@click.pass_obj
def command(
    choice: Choice, *, max_cpu: int, max_memory: int, max_iobps: int, job_command: str, args: tuple[str, ...]
) -> None:
    """Create and start a new job with optional resource limits.

    \b
    Examples:
      rnx run echo "hello world"
      rnx run --max-cpu=50 python3 script.py
      rnx run --max-memory=1024 java -jar app.jar
      rnx run bash -c "sleep 10 && echo done"
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    from joblet.job import JobSpec  # noqa: PLC0415  not for --help
    from joblet.limits import Limits  # noqa: PLC0415

    limits = Limits(cpu_percent=max_cpu, memory_mb=max_memory, io_bps=max_iobps)
    spec = JobSpec(command=job_command, args=args, limits=limits)
    click.echo(render.started(call(choice, lambda client: client.start(spec))))
