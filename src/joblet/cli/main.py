"""`rnx`: run and watch jobs on a joblet server. One module a verb."""

from __future__ import annotations

from typing import NoReturn

import click

from joblet.cli.connection import connection_flags
from joblet.cli.program import LateGroup, run
from joblet.configfile.client import Choice

VERBS = {
    verb: f"joblet.cli.{verb}:command"
    for verb in ("run", "status", "list", "stop", "log", "wait", "explain", "rm", "nodes")
}


@click.group(
    "rnx",
    cls=LateGroup,
    homes=VERBS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@connection_flags
@click.version_option(package_name="joblet")
@click.pass_context
def rnx(ctx: click.Context, /, **said: str) -> None:
    """Run and watch jobs on a joblet server.

    Flags win over the variables JOBLET_SERVER, JOBLET_CERT_PATH, JOBLET_KEY_PATH,
    JOBLET_CA_PATH and RNX_CONFIG, those over the node of rnx-config.yml (searched in
    ., ~/.rnx and /etc/joblet), and that over localhost:50051 and certs/client-cert.pem,
    certs/client-key.pem, certs/ca-cert.pem.
    """
    ctx.obj = Choice(**said)


def main() -> NoReturn:
    """Run `rnx` and exit."""
    run(rnx)
