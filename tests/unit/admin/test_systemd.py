"""The systemd units: whole, where they belong, and with paths that systemd reads as they are."""

from __future__ import annotations

import configparser
import re
import stat
from pathlib import Path

import pytest

from joblet.admin import init, systemd
from joblet.admin.main import joblet
from joblet.admin.template import joblet_config
from joblet.cli.program import exit_code
from joblet.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]
VALUES = {
    "@JOBLET@": Path("/opt/venv/bin/joblet"),
    "@CONFIG@": Path("/etc/joblet/joblet-config.yml"),
    "@STATE_DIR@": Path("/etc/joblet/state"),
    "@CGROUP_PATH@": Path("/sys/fs/cgroup/joblet.slice/joblet-jobs.service"),
}


def parsed(name: str) -> configparser.ConfigParser:
    """Return a filled unit, parsed as far as that can be done without systemd."""
    unit = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case, as documented
    unit.read_string(systemd.fill(systemd.read_unit(name), VALUES))
    return unit


@pytest.mark.parametrize("name", systemd.UNITS)
def test_every_name_is_filled_in(name: str) -> None:
    """No placeholder is left, and every path is used where it should be."""
    text = systemd.fill(systemd.read_unit(name), VALUES)

    assert not re.search(r"@[A-Z_]+@", text)
    assert max(map(len, text.splitlines())) < 512


def test_the_daemon_is_restarted_without_its_jobs() -> None:
    """The lines that all of this is about: jobs are in another unit, and the socket outlives the daemon."""
    service, jobs = parsed("joblet.service"), parsed("joblet-jobs.service")

    assert (
        service["Service"]["ExecStart"] == "/opt/venv/bin/joblet serve --config /etc/joblet/joblet-config.yml"
    )
    assert service["Unit"]["Requires"] == "joblet-jobs.service"
    assert (service["Service"]["Type"], service["Service"]["KillMode"]) == ("notify", "process")
    assert service["Service"]["FileDescriptorStoreMax"] == "1"
    assert (jobs["Service"]["Delegate"], jobs["Service"]["Slice"]) == ("yes", "joblet.slice")
    assert jobs["Service"]["OOMPolicy"] == "continue"


def test_nothing_hardens_by_a_filter_that_jobs_would_inherit() -> None:
    """Options that work by seccomp, or hide folders that jobs may be shown, are not in the daemon's unit."""
    refused = (
        "SystemCall", "Restrict", "MemoryDeny", "LockPersonality", "ProtectHostname", "ProtectClock",
        "ProtectKernel", "ProtectHome", "ProtectControl", "ProtectProc", "Private", "Inaccessible",
    )  # fmt: skip

    assert [key for key in parsed("joblet.service")["Service"] if key.startswith(refused)] == []


@pytest.mark.parametrize("path", ["/srv/a b", "/srv/50%", "/srv/$HOME", '/srv/"', "/srv/ü", "/srv/a\nb"])
def test_a_path_that_systemd_would_read_otherwise_is_refused(path: str) -> None:
    """A space, a percent or a dollar sign means something in a unit; the error names the path."""
    with pytest.raises(ConfigurationError, match=r"--systemd: expected a path of letters.*got '/srv/"):
        systemd.fill("ExecStart=@JOBLET@", {"@JOBLET@": Path(path)})


def test_units_are_installed_for_all_to_read(tmp_path: Path) -> None:
    """Units are readable by all, the state directory by nobody else, and nothing is overwritten."""
    folder, state_dir = tmp_path / "system", tmp_path / "etc" / "state"
    folder.mkdir()
    with init.installed({"joblet.service": "[Unit]\n"}, state_dir, folder):
        pass

    assert stat.S_IMODE((folder / "joblet.service").stat().st_mode) == 0o644
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700
    with (
        pytest.raises(ConfigurationError, match="exists already"),
        init.installed({"joblet.service": "other"}, state_dir, folder),
    ):
        pytest.fail("not reached")
    assert (folder / "joblet.service").read_text() == "[Unit]\n"


def test_the_configuration_puts_jobs_where_the_units_delegate(tmp_path: Path) -> None:
    """What `init --systemd` writes fits the units; one of before is told the line that it lacks."""
    assert f"\ncgroup: {systemd.CGROUP}  #" in joblet_config("127.0.0.1", 50051, systemd.CGROUP)
    folder = tmp_path / "before"
    assert exit_code(joblet, ["init", "--dir", str(folder)]) == 0
    config_path = folder / "joblet-config.yml"

    with pytest.raises(ConfigurationError, match=f"expected `cgroup: {systemd.CGROUP}`; add it"):
        systemd.expect_delegation(config_path)
    config_path.write_text(f"{config_path.read_text()}\ncgroup: {systemd.CGROUP}\n")
    assert systemd.expect_delegation(config_path) == folder / "state"


def test_the_units_are_where_packagers_look() -> None:
    """packaging/systemd has the units of the package, not a copy."""
    assert sorted(path.name for path in (ROOT / "packaging" / "systemd").iterdir()) == sorted(systemd.UNITS)
