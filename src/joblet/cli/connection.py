"""Which server to call, and as whom: the flags and variables that `rnx` and `job-worker` share."""

from __future__ import annotations

from collections.abc import Callable

import click

from joblet.configfile.defaults import VARIABLES

FLAGS = (
    click.option(
        "--server", metavar="HOST:PORT", envvar=VARIABLES["server"], default="", help="Server address."
    ),
    click.option(
        "--cert", metavar="PATH", envvar=VARIABLES["cert"], default="", help="Client certificate path."
    ),
    click.option(
        "--key", metavar="PATH", envvar=VARIABLES["key"], default="", help="Client private key path."
    ),
    click.option("--ca", metavar="PATH", envvar=VARIABLES["ca"], default="", help="CA certificate path."),
    click.option(
        "--config", metavar="PATH", envvar=VARIABLES["config"], default="", help="The rnx-config.yml to use."
    ),
    click.option(
        "--node", metavar="NAME", default="", help="The node of rnx-config.yml to call (default: default)."
    ),
)
"""In the order of `--help`; their names are the fields of `Choice`."""


def connection_flags(program: Callable[..., None]) -> Callable[..., None]:
    """Give a program these flags."""
    for flag in reversed(FLAGS):
        program = flag(program)
    return program
