"""`rnx`: run and watch jobs on a joblet server. One module a verb."""

from __future__ import annotations

from typing import NoReturn

import click

from joblet.cli.connection import connection_flags
from joblet.cli.program import LateGroup, run
from joblet.configfile.client import Choice

VERBS = {
    verb: f"joblet.cli.{verb}:command"
    for verb in (
        "run",
        "status",
        "list",
        "stop",
        "log",
        "attach",
        "wait",
        "explain",
        "stats",
        "download",
        "rm",
    )
} | {
    "monitor": "joblet.cli.monitor.main:command",
    "nodes": "joblet.cli.nodes:command",
    "completion": "joblet.cli.completion:command",
}


@click.group(
    "rnx",
    cls=LateGroup,
    homes=VERBS,
    no_args_is_help=False,
    invoke_without_command=True,  # for --version, which needs the other flags
    context_settings={"help_option_names": ["-h", "--help"]},
)
@connection_flags
@click.option("--version", is_flag=True, help="Show the version, and the server's if it can be reached.")
@click.pass_context
def rnx(ctx: click.Context, /, *, version: bool, **said: str) -> None:
    """Run and watch jobs on a joblet server.

    \b
    Which server, and as whom, is said by the first of these that says it:
      the flags below
      JOBLET_SERVER, JOBLET_CERT_PATH, JOBLET_KEY_PATH, JOBLET_CA_PATH, RNX_CONFIG
      the node of rnx-config.yml, searched in ., ~/.rnx and /etc/joblet
      localhost:50051 and certs/{client-cert,client-key,ca-cert}.pem
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    ctx.obj = Choice(**said)
    if version:
        from joblet.cli.version import show_versions  # noqa: PLC0415  for this flag only

        show_versions(ctx.obj)
        ctx.exit()
    if ctx.invoked_subcommand is None:
        raise click.UsageError("Missing command.", ctx)


def main() -> NoReturn:
    """Run `rnx` and exit."""
    run(rnx)
