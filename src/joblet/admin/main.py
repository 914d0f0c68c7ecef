"""`joblet`: what is done on the host that runs the jobs. One module a command."""

from __future__ import annotations

from typing import NoReturn

import click

from joblet.cli.program import LateGroup, run

COMMANDS = {
    "serve": "joblet.admin.serve:command",
    "init": "joblet.admin.init:command",
    "doctor": "joblet.admin.doctor:doctor",
    "cert": "joblet.admin.issue:cert",
    "stop-jobs": "joblet.admin.stopjobs:command",
}


@click.group(
    "joblet",
    cls=LateGroup,
    homes=COMMANDS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="joblet")
def joblet() -> None:
    """Set up and run a joblet server on this host."""


def main() -> NoReturn:
    """Run `joblet` and exit."""
    run(joblet)
