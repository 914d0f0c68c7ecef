"""`rnx monitor`: the group of its verbs."""

from __future__ import annotations

import click

from joblet.cli.program import LateGroup

VERBS = {verb: f"joblet.cli.monitor.{verb}:command" for verb in ("status", "top", "watch")}


@click.group("monitor", cls=LateGroup, homes=VERBS)
def command() -> None:
    """Show how the server's host and its jobs are doing."""
