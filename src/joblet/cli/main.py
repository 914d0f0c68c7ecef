"""`rnx`: run and watch jobs on a joblet server. One module a verb; this one has the flags they share."""

from __future__ import annotations

from typing import NoReturn

import click

from joblet.cli.program import LateGroup, run
from joblet.configfile.client import Choice

VERBS = {
    verb: f"joblet.cli.{verb}:command"
    for verb in ("run", "status", "list", "stop", "log", "wait", "rm", "nodes")
}


@click.group(
    "rnx",
    cls=LateGroup,
    homes=VERBS,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--server", metavar="HOST:PORT", envvar="JOBLET_SERVER", default="", help="Server address.")
@click.option(
    "--cert", metavar="PATH", envvar="JOBLET_CERT_PATH", default="", help="Client certificate path."
)
@click.option("--key", metavar="PATH", envvar="JOBLET_KEY_PATH", default="", help="Client private key path.")
@click.option("--ca", metavar="PATH", envvar="JOBLET_CA_PATH", default="", help="CA certificate path.")
@click.option("--config", metavar="PATH", envvar="RNX_CONFIG", default="", help="The rnx-config.yml to use.")
@click.option(
    "--node", metavar="NAME", default="", help="The node of rnx-config.yml to call (default: default)."
)
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
