"""`job-worker`: the second API on the command line. What is the same as in `rnx` is that of `rnx`."""

from __future__ import annotations

from typing import NoReturn

import click

from joblet.cli.connection import connection_flags
from joblet.cli.program import LateGroup, run
from joblet.configfile.client import Choice

VERBS = {verb: f"joblet.cli.worker.{verb}:command" for verb in ("start", "stop", "status", "output")}


@click.group(
    "job-worker",
    cls=LateGroup,
    homes=VERBS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@connection_flags
@click.version_option(package_name="joblet")
@click.pass_context
def job_worker(ctx: click.Context, /, **said: str) -> None:
    """Start, stop and watch jobs over the WorkerService API.

    The jobs, the flags, the variables and rnx-config.yml are those of rnx, and so is
    who wins: see rnx --help.
    """
    ctx.obj = Choice(**said)


def main() -> NoReturn:
    """Run `job-worker` and exit."""
    run(job_worker)
