"""What `joblet doctor` prints, and the facts that need no privilege."""

from __future__ import annotations

import os
import re
from pathlib import Path

from click.testing import CliRunner

from joblet.admin.doctor import doctor, nearest_existing, render
from joblet.linux.capacity import host_capacity
from joblet.linux.fact import Fact, State


def test_facts_are_aligned_with_their_fix_below() -> None:
    """Columns line up across sections, and a fix stands below what it fixes."""
    sections = {
        "Host": [Fact("kernel", State.OK, "6.1")],
        "Limits": [
            Fact("io", State.MISSING, "not available", "boot with x"),
            Fact("swap limit", State.LIMITED, "no"),
        ],
    }

    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(sections))

    assert plain.splitlines() == [
        "Host",
        "  kernel      ok       6.1",
        "",
        "Limits",
        "  io          missing  not available",
        "                       fix: boot with x",
        "  swap limit  limited  no",
    ]


def test_a_folder_that_is_yet_to_be_made_is_judged_by_the_one_above(tmp_path: Path) -> None:
    """A state directory is checked before it exists, on the filesystem where it would be made."""
    assert nearest_existing(str(tmp_path / "not" / "yet")) == str(tmp_path)
    assert nearest_existing(str(tmp_path)) == str(tmp_path)


def test_what_is_missing_makes_it_fail() -> None:
    """Without a disk I/O cannot be limited: doctor says so, says how to fix it, and exits 1."""
    result = CliRunner().invoke(doctor, ["--state-dir", "/proc"])

    assert result.exit_code == 1
    assert re.search(r"disk +missing +/proc: proc .* has no disk to limit", result.output)
    assert "fix: put the state directory on a filesystem that is on a disk" in result.output
    assert result.output.splitlines()[-1].startswith("Not every job can run here; missing: ")


def test_capacity_is_what_this_process_may_use() -> None:
    """The ceiling of CPU is 100 % a core, and memory is that of the machine, in MiB."""
    capacity = host_capacity()

    assert capacity.cpu_percent == 100 * len(os.sched_getaffinity(0))
    [total] = [
        line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:")
    ]
    assert capacity.memory_mb == int(total.split()[1]) // 1024
