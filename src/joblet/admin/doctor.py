"""`joblet doctor`: what this host can isolate and limit, and how to fix what it cannot.

Needs no configuration and no server, changes nothing and leaves nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence

import click

from joblet.linux.capacity import host_capacity
from joblet.linux.probe import Fact, State, probe_host
from joblet.runner.shim import SHIM_PATH

ENOUGH_FREE_BYTES = 1 << 30

WORKSPACE_FACT = Fact(
    "workspace",
    State.LIMITED,
    "limits.maxWorkspaceSize is for what is uploaded; what a job writes is limited by the disk alone",
    "give stateDir a filesystem of its own",
)
"""The same on every host, and said on each: no limit may be taken for what it is not."""

_COLORS = {State.OK: "green", State.LIMITED: "yellow", State.MISSING: "red"}


@click.command()
@click.option(
    "--state-dir",
    "state_dir",
    default=".",
    metavar="DIR",
    show_default="the current folder",
    help="Where the jobs' files are or will be: its disk is the one that I/O limits apply to.",
)
def doctor(state_dir: str) -> None:
    """Say what this host can isolate and limit, and how to fix it.

    Exits 0 if jobs can run with all limits, 1 if something for that is missing.
    """
    if not sys.platform.startswith("linux"):
        raise click.ClickException(f"job execution requires Linux server (current: {sys.platform})")
    path = nearest_existing(state_dir)
    findings = probe_host(path)
    sections = {
        "Host": [_capacity_fact(), _shim_fact(), *findings.kernel],
        "Isolation": findings.namespaces,
        "Limits": findings.limits,
        "Storage": [*findings.storage, _space_fact(path), WORKSPACE_FACT],
    }
    click.echo(render(sections))
    missing = [fact.name for facts in sections.values() for fact in facts if fact.state is State.MISSING]
    click.echo(f"\n{_verdict(missing)}")
    sys.exit(1 if missing else 0)


def render(sections: Mapping[str, Sequence[Fact]]) -> str:
    """Return the facts as text: a heading a section, an aligned line a fact, below it the fix if any."""
    name_width = max(len(fact.name) for facts in sections.values() for fact in facts)
    state_width = max(map(len, State))
    indent = " " * (2 + name_width + 2 + state_width + 2)
    blocks = []
    for title, facts in sections.items():
        lines = [click.style(title, bold=True)]
        for fact in facts:
            state = click.style(fact.state.value.ljust(state_width), fg=_COLORS[fact.state])
            lines.append(f"  {fact.name.ljust(name_width)}  {state}  {fact.detail}")
            lines += [f"{indent}fix: {fact.fix}"] if fact.fix else []
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def nearest_existing(path: str) -> str:
    """Return the path, or the nearest folder above it that exists: where it would be made."""
    path = os.path.abspath(path)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _capacity_fact() -> Fact:
    capacity = host_capacity()
    return Fact("capacity", State.OK, f"{capacity.cpu_percent}% CPU, {capacity.memory_mb} MB memory")


def _shim_fact() -> Fact:
    if os.access(SHIM_PATH, os.X_OK):
        return Fact("shim", State.OK, str(SHIM_PATH))
    fix = "install a C compiler (apt install gcc libc6-dev), then install joblet again; in a clone: make"
    return Fact("shim", State.MISSING, f"{SHIM_PATH} is not there", fix)


def _space_fact(path: str) -> Fact:
    free_bytes = shutil.disk_usage(path).free
    detail = f"{free_bytes / (1 << 30):.1f} GiB free at {path}"
    if free_bytes >= ENOUGH_FREE_BYTES:
        return Fact("space", State.OK, detail)
    return Fact("space", State.LIMITED, detail, "free some, or set stateDir to a larger filesystem")


def _verdict(missing: Sequence[str]) -> str:
    if not missing:
        return "Jobs can run here, with all limits."
    return f"Not every job can run here; missing: {', '.join(missing)}."
