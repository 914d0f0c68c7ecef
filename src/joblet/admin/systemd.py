"""The systemd units that `joblet init --systemd` installs: what is filled into `units/`, and where they go.

Two units, so that the daemon's restart is not the jobs' end; which does what
is argued in their own comments, and in docs/decisions/0006-jobs-in-a-unit-of-their-own.md.
"""

from __future__ import annotations

import re
import shutil
import sysconfig
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from joblet.configfile.server import read_server_config
from joblet.errors import ConfigurationError
from joblet.linux.cgroup import find_hierarchy

FOLDER = Path("/etc/systemd/system")
"""Where an administrator's units are: systemd.unit(5)."""

CGROUP = "/joblet.slice/joblet-jobs.service"
"""What joblet-jobs.service delegates, as `cgroup:` of joblet-config.yml has it."""

UNITS = ("joblet.service", "joblet-jobs.service")
PLAIN = re.compile(r"[\w./+@:-]+", re.ASCII)


def unit_texts(config_path: Path, state_dir: Path) -> Mapping[str, str]:
    """Return the text of each unit by its file name.

    Raises:
        ConfigurationError: a path has a character that means something to
            systemd, `joblet` is not installed as a program, or there is no
            cgroup v2.

    """
    values = {
        "@JOBLET@": program_path(),
        "@CONFIG@": config_path.absolute(),
        "@STATE_DIR@": state_dir.absolute(),
        "@CGROUP_PATH@": cgroup_path(),
    }
    return {name: fill(read_unit(name), values) for name in UNITS}


def fill(text: str, values: Mapping[str, Path]) -> str:
    """Return a unit's text with paths in place of their names.

    Raises:
        ConfigurationError: a path has a character that means something to systemd.

    """
    for name, path in values.items():
        if not PLAIN.fullmatch(str(path)):
            raise ConfigurationError(
                "--systemd", f"expected a path of letters, digits and ./_+@:- only, got {str(path)!r}"
            )
        text = text.replace(name, str(path))
    return text


def read_unit(name: str) -> str:
    """Return a unit's text as it is in the package."""
    return resources.files("joblet.admin").joinpath("units", name).read_text(encoding="ascii")


def program_path() -> Path:
    """Return where the `joblet` of this installation is.

    Raises:
        ConfigurationError: nowhere; systemd needs a path to start.

    """
    beside = Path(sysconfig.get_path("scripts"), "joblet")
    found = str(beside) if beside.exists() else shutil.which("joblet")
    if found is None:
        raise ConfigurationError("--systemd", f"expected an installed program joblet; there is no {beside}")
    return Path(found).absolute()


def cgroup_path() -> Path:
    """Return where joblet-jobs.service's cgroup is, when it runs.

    Raises:
        ConfigurationError: this host has no cgroup v2, the only version that systemd delegates.

    """
    v2_path = find_hierarchy().v2_path
    if not v2_path:
        raise ConfigurationError("--systemd", "expected cgroup v2 on this host; there is none")
    return Path(v2_path + CGROUP)


def expect_delegation(config_path: Path) -> Path:
    """Return the state directory of a configuration that exists already, if it fits the units.

    Raises:
        ConfigurationError: it is wrong, or does not put jobs where the units delegate.

    """
    runner = read_server_config(config_path).runner
    if runner.cgroup_parent != CGROUP:
        raise ConfigurationError(str(config_path), f"expected `cgroup: {CGROUP}`; add it, when no job runs")
    return runner.state_dir


NEXT_STEPS = f"""

The units are in {FOLDER}; joblet.service needs nothing but:
  systemctl daemon-reload
  systemctl enable --now joblet"""
