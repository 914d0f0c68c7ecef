"""The probe tells the truth about this host, and leaves it as it was."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from joblet.admin.doctor import doctor
from joblet.linux.blockdevice import _device_of_source, device_of
from joblet.linux.cgroup import find_hierarchy
from joblet.linux.fact import State
from joblet.linux.mountinfo import read_mountinfo
from joblet.linux.probe import probe_host
from joblet.linux.probe_cgroup import probe_controllers
from support.host import DISK_FOLDER

pytestmark = pytest.mark.isolation


def namespaces_of_this_thread() -> dict[str, str]:
    """Return the namespaces that this thread is in, the one for its children included."""
    folder = Path("/proc/thread-self/ns")
    return {path.name: os.readlink(path) for path in folder.iterdir()}


def test_a_host_that_isolates_has_nothing_missing() -> None:
    """Every namespace can be made, every controller limits something, and trying moved us nowhere."""
    before = namespaces_of_this_thread()

    findings = probe_host(DISK_FOLDER)

    assert findings.missing == []
    assert [fact.state for fact in findings.namespaces] == [State.OK] * 5
    assert {fact.name for fact in findings.limits} >= {"cpu", "memory", "io", "pids"}
    assert namespaces_of_this_thread() == before


def test_doctor_agrees() -> None:
    """`joblet doctor` exits 0 here and says where each controller is."""
    result = CliRunner().invoke(doctor, ["--state-dir", DISK_FOLDER])

    assert result.exit_code == 0, result.output
    assert result.output.endswith("Jobs can run here, with all limits.\n")
    assert find_hierarchy().path_of("memory") in result.output


def test_a_controller_that_is_nowhere_is_missing_with_a_fix() -> None:
    """If memory were not mounted, the fact would say so, and how to get it."""
    found = find_hierarchy()
    without = replace(
        found,
        v2_controllers=found.v2_controllers - {"memory"},
        v1_paths={name: path for name, path in found.v1_paths.items() if name != "memory"},
    )

    [fact] = [fact for fact in probe_controllers(without, device_of(DISK_FOLDER)) if fact.name == "memory"]

    assert fact.state is State.MISSING
    assert "memory" in fact.fix


def test_a_disk_that_the_kernel_cannot_limit_is_no_disk() -> None:
    """The I/O controller is tried on the device itself, so a number that is no disk makes it missing."""
    [fact] = [fact for fact in probe_controllers(find_hierarchy(), "254:4095") if fact.name == "io"]

    assert fact.state is State.MISSING
    assert "No such device" in fact.detail


def test_the_disk_of_a_path_is_a_whole_one() -> None:
    """The device is one that /sys/dev/block knows, and not a partition."""
    device = device_of(DISK_FOLDER)

    assert os.path.exists(f"/sys/dev/block/{device}")
    assert not os.path.exists(f"/sys/dev/block/{device}/partition")


@pytest.mark.parametrize("path", ["/proc", "/sys", "/dev/shm"])
def test_a_filesystem_without_a_disk_has_no_device(path: str) -> None:
    """The error says which filesystem it is."""
    with pytest.raises(OSError, match="has no disk to limit") as raised:
        device_of(path)

    assert (raised.value.errno, raised.value.filename) == (errno.ENODEV, path)


def test_a_filesystem_with_a_device_number_of_its_own_is_on_its_source() -> None:
    """On btrfs each subvolume has an anonymous number; the mount's source says which disk it is."""
    mount = next(mount for mount in read_mountinfo() if mount.source.startswith("/dev/"))

    device = _device_of_source("/anywhere", mount)

    assert f"{os.major(device)}:{os.minor(device)}" == mount.device


def test_a_path_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    """No guess is made about where it would be."""
    with pytest.raises(FileNotFoundError):
        device_of(str(tmp_path / "missing"))
