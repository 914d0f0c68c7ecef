"""`joblet serve`: read the configuration, then be the daemon."""

from __future__ import annotations

import os
import sys

import click

from joblet.errors import PlatformError
from joblet.wire.ciphers import restrict_cipher_suites

MOST_FILES = 65536
"""How many files the daemon may have open, as in its unit: connections, jobs and uploads each take some."""


@click.command("serve")
@click.option(
    "--config",
    metavar="PATH",
    help="The joblet-config.yml to use (default: $JOBLET_CONFIG_PATH, then the usual places).",
)
def command(config: str | None) -> None:
    """Serve jobs until SIGTERM; jobs that run then run on."""
    if sys.platform != "linux":
        raise PlatformError(sys.platform)
    restrict_cipher_suites()
    raise_file_limit()

    # Late: what comes before may start this program again, and these load OpenSSL.
    from joblet.configfile.server import find_server_config, read_server_config  # noqa: PLC0415
    from joblet.server import daemon  # noqa: PLC0415

    daemon.run(read_server_config(find_server_config(config, os.environ)))


def raise_file_limit() -> None:
    """Let this process have up to `MOST_FILES` open, as far as its hard limit goes: getrlimit(2)."""
    import resource  # noqa: PLC0415  not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
