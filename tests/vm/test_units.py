"""The units as systemd takes them: valid, hardened, everything in its place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from joblet import Client, JobSpec, JobStatus, Limits
from joblet.job import Reason
from support.units import CGROUP, STATE_FOLDER, Units, cgroup_of, jobs_cgroups, members

CAPABILITIES = {0, 1, 3, 5, 6, 7, 8, 10, 21, 24, 27}
"""Of capability.h: chown dac_override fowner kill setgid setuid setpcap bind sys_admin resource mknod"""

HOG = "x = []\nwhile True: x.append(b'x' * (1 << 20))"


async def output_of(client: Client, *command: str) -> str:
    """Run a command as a job and return what it printed."""
    job = await client.start(JobSpec(command[0], command[1:]))
    return b"".join([chunk async for chunk in client.logs(job.id)]).decode()


def test_systemd_finds_nothing_wrong(units: Units) -> None:
    """Both units verify without a word, run, and start at boot."""
    paths = [units.show(unit, "FragmentPath") for unit in ("joblet", "joblet-jobs")]
    verified = subprocess.run(
        ["systemd-analyze", "verify", *paths], check=True, capture_output=True, text=True
    )

    assert (verified.stdout, verified.stderr) == ("", "")
    assert units.is_active("joblet")
    assert units.is_active("joblet-jobs")
    assert units.systemctl("is-enabled", "joblet") == "enabled"


async def test_everything_is_in_its_place(units: Units, client: Client) -> None:
    """The daemon alone in its service; shims, jobs and the holder in leaves of the delegated one."""
    job = await client.start(JobSpec("sleep", ("600",)))
    async for _ in client.logs(job.id, follow=False):
        pass
    daemon = units.main_pid()

    (shim,) = members("shims")
    (name,) = jobs_cgroups()

    assert cgroup_of(daemon) == "/system.slice/joblet.service"
    assert cgroup_of(shim) == "/joblet.slice/joblet-jobs.service/shims"
    assert name.startswith(f"job-{job.id}-")
    assert members("holder") == [units.main_pid("joblet-jobs")]
    assert members(".") == []
    assert (await client.stop(job.id)).status is JobStatus.STOPPED
    assert (members("shims"), jobs_cgroups()) == ([], [])


async def test_the_daemon_may_do_what_it_must_and_no_more(units: Units, client: Client) -> None:
    """Its capabilities are those of the unit, it writes its state only; a job has none, and its own view."""
    pid = units.main_pid()
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = int(next(line.split()[1] for line in status if line.startswith("CapBnd")), 16)
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    writable = {words[4]: "rw" in words[5].split(",") for words in mounts}

    assert {number for number in range(64) if mask >> number & 1} == CAPABILITIES
    assert (writable["/"], writable[str(STATE_FOLDER)]) == (False, True)
    inside = await output_of(
        client, "sh", "-c", "grep Cap /proc/self/status; ls -d /etc/joblet/*; touch /work/x && id -un"
    )
    assert inside.endswith("nobody\n")
    assert {line.split()[1] for line in inside.splitlines() if line.startswith("Cap")} == {"0" * 16}
    assert "joblet-config.yml" not in inside


async def test_a_job_that_is_killed_for_its_memory_is_alone_in_that(units: Units, client: Client) -> None:
    """The kernel ends that job; systemd leaves the unit alone (OOMPolicy), and its neighbour runs on."""
    neighbour = await client.start(JobSpec("sleep", ("600",)))
    hog = await client.start(JobSpec("/usr/bin/python3", ("-c", HOG), Limits(memory_mb=64)))

    ended = await client.wait(hog.id)

    assert ended.ending is not None
    assert (ended.status, ended.ending.reason) == (JobStatus.FAILED, Reason.OOM)
    assert units.is_active("joblet-jobs")
    assert (await client.status(neighbour.id)).status is JobStatus.RUNNING


async def test_a_job_opens_no_device_of_the_host(units: Units, client: Client) -> None:
    """The device policy of the delegated unit holds for jobs: the standard nodes work."""
    printed = await output_of(
        client, "sh", "-c", "head -c4 /dev/urandom | wc -c; echo x >/dev/null && echo null"
    )

    assert printed.split() == ["4", "null"]
    assert units.show("joblet-jobs", "DevicePolicy") == "closed"


def test_the_journal_knows_levels_and_says_the_time_once(units: Units) -> None:
    """Lines arrive with their priority, and without a time of their own."""
    lines = [json.loads(line) for line in units.journal("joblet", "--output", "json").splitlines()]
    started = [line for line in lines if "server started" in str(line["MESSAGE"])]

    assert {line["PRIORITY"] for line in started} == {"6"}
    assert all(str(line["MESSAGE"]).startswith("[INFO] server started | address=") for line in started)


def test_controllers_are_delegated(units: Units) -> None:
    """What limits need reaches the jobs' cgroups."""
    assert units.show("joblet-jobs", "Delegate") == "yes"
    controllers = (CGROUP / "cgroup.controllers").read_text().split()

    assert {"cpu", "io", "memory", "pids"} <= set(controllers)
