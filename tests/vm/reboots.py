"""The three boots of a host whose jobs live through a power cut and a `systemctl reboot`.

Not for pytest, which does not outlive its host: `reboots.service` runs it at
each boot, and `reboot.sh` reads what it prints, a line for each thing checked.
What it remembers from one boot to the next is on a file system of its own, so
that writing it puts none of joblet's files on the disk.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

from joblet import Client, Job, JobSpec, JobStatus
from joblet.admin.stopjobs import STOPPED_BY
from joblet.configfile.client import read_nodes
from joblet.job import UNKNOWN_EXIT_CODE, Reason
from support.units import CGROUP, CONFIG_FOLDER, Units, jobs_cgroups, members

MEMORY = Path("/scratch/reboots.json")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

ENDED = JobSpec("seq", ("20000",))
ENDED_LOG = b"".join(b"%d\n" % number for number in range(1, 20001))
SLEEPING = JobSpec("sleep", ("6000",))
COUNT = "trap 'echo bye; exit 3' TERM; while echo $((i += 1)); do sleep 0.05 & wait; done"
WRITING = JobSpec("sh", ("-c", COUNT))
LINES_SEEN = 10


@dataclass(frozen=True)
class Memory:
    """What a boot leaves to the next one: its jobs, two of them as they were told."""

    boot_id: str
    ended: str
    ended_id: str
    last: str
    last_id: str
    sleeping_id: str
    writing_id: str
    young_id: str

    def write(self) -> None:
        """Put it on the disk."""
        with MEMORY.open("w") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())


def check(what: str, seen: object, expected: object) -> None:
    """Print a line that says whether this is as it should be."""
    if seen == expected:
        print(f"PASS {what}")
    else:
        print(f"FAIL {what}\n  seen     {seen!r:.900}\n  expected {expected!r:.900}")


def install() -> None:
    """Install joblet as its how-to says; long ago, as far as the disk is concerned."""
    command = ["joblet", "init", "--dir", CONFIG_FOLDER, "--address", "127.0.0.1:50051", "--systemd"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "--quiet", "enable", "--now", "joblet"], check=True)
    os.sync()


async def log_of(client: Client, job_id: str) -> bytes:
    """Return all of a log, to its end."""
    return b"".join([chunk async for chunk in client.logs(job_id)])


async def wait_lines(client: Client, job_id: str) -> None:
    """Return once a job has written some lines."""
    lines = 0
    async for chunk in client.logs(job_id):
        lines += chunk.count(b"\n")
        if lines >= LINES_SEEN:
            return


def without_pid(job: Job) -> str:
    """Return all there is to know of a job but its pid, which is not in the record of its end."""
    return repr(replace(job, pid=0))


async def begin(client: Client) -> None:
    """Start jobs, see one write and two end, and remember them.

    At once on the disk are what was asked for, the record of an end and the
    output before it; all else goes there when the kernel writes it back, within
    half a minute, which `os.sync` stands for. After it one more job writes and
    ends, and one starts: of those, only what joblet itself has synced is there.
    """
    ended = await client.wait((await client.start(ENDED)).id)
    sleeping = await client.start(SLEEPING)
    writing = await client.start(WRITING)
    await wait_lines(client, writing.id)
    os.sync()
    last = await client.wait((await client.start(ENDED)).id)
    young = await client.start(SLEEPING)
    ids = (sleeping.id, writing.id, young.id)
    Memory(BOOT_ID.read_text(), repr(ended), ended.id, without_pid(last), last.id, *ids).write()


def processes() -> list[int]:
    """Return the pids of all that runs in joblet-jobs.service."""
    return [int(pid) for file in CGROUP.rglob("cgroup.procs") for pid in file.read_text().split()]


async def check_host(client: Client, before: Memory) -> None:
    """Check what holds after every reboot: nothing is left over, what had ended is unchanged, jobs run."""
    check("this is another boot", BOOT_ID.read_text() != before.boot_id, expected=True)
    check("no process of a job is there", processes(), members("holder"))
    check("nor a cgroup of one", jobs_cgroups(), [])
    check("the job that had ended is as it was", repr(await client.status(before.ended_id)), before.ended)
    check("and its log", await log_of(client, before.ended_id), ENDED_LOG)
    last = without_pid(await client.status(before.last_id))
    check("and the one that ended a moment before", last, before.last)
    check("and its log", await log_of(client, before.last_id), ENDED_LOG)
    new = await client.wait((await client.start(JobSpec("true"))).id)
    check("a new job runs", new.status, JobStatus.COMPLETED)
    check("ids go on", int(new.id), int(before.young_id) + 1)
    check("no cgroup of it stays", jobs_cgroups(), [])


def outcome(job: Job) -> tuple[JobStatus, Reason | None, int]:
    """Return how a job has ended."""
    return job.status, job.ending.reason if job.ending else None, job.exit_code


async def check_power_cut(client: Client, before: Memory) -> None:
    """Check what became of the jobs that ran when the power went."""
    lost = (JobStatus.FAILED, Reason.LOST, UNKNOWN_EXIT_CODE)
    check("power cut: the job that slept is lost", outcome(await client.wait(before.sleeping_id)), lost)
    check("power cut: the job that wrote is lost", outcome(await client.wait(before.writing_id)), lost)
    # Nothing of it but what was asked for may have reached the disk, which does not say that it never began.
    check(
        "power cut: so is the one that had just been started",
        outcome(await client.wait(before.young_id)),
        lost,
    )
    # The file may be longer than what of it was written back: ext4 then has zeros there.
    kept = (await log_of(client, before.writing_id)).rstrip(b"\0")
    count = b"".join(b"%d\n" % number for number in range(1, 10000))
    check("power cut: a log is what its job wrote", kept, count[: len(kept)])
    check("power cut: and as long as the disk had it", kept.count(b"\n") >= LINES_SEEN, expected=True)


async def check_orderly(client: Client, before: Memory) -> None:
    """Check what became of the jobs that ran at `systemctl reboot`."""
    ids = (before.sleeping_id, before.writing_id, before.young_id)
    jobs = [await client.status(job_id) for job_id in ids]
    stopped = [(JobStatus.STOPPED, STOPPED_BY)] * 3
    check("reboot: the jobs are stopped", [(job.status, job.stopped_by) for job in jobs], stopped)
    *numbers, last = (await log_of(client, before.writing_id)).decode().splitlines()
    check("reboot: the job that wrote had its last word", last, "bye")
    check("reboot: each line is there once", numbers, [str(1 + index) for index in range(len(numbers))])
    check("reboot: and none that was seen is missing", len(numbers) >= LINES_SEEN, expected=True)


async def to_power_cut(client: Client) -> NoReturn:
    """The machine is reset: nobody is told, nothing is written."""
    await begin(client)
    Path("/proc/sysrq-trigger").write_text("b")
    raise AssertionError("the machine is still there")


async def to_orderly_reboot(client: Client) -> None:
    """Check the power cut; then systemd stops everything."""
    before = Memory(**json.loads(MEMORY.read_text()))
    await check_host(client, before)
    await check_power_cut(client, before)
    await begin(client)
    MEMORY.rename(MEMORY.with_suffix(".last"))
    # What `systemctl reboot` comes to; the guest has no logind, which it would ask first.
    Units().systemctl("start", "--no-block", "reboot.target")


async def to_the_end(client: Client) -> None:
    """Check the orderly reboot; the host is not needed any more."""
    before = Memory(**json.loads(MEMORY.with_suffix(".last").read_text()))
    await check_host(client, before)
    await check_orderly(client, before)
    print("PASS all that there is has been checked")
    Units().systemctl("start", "--no-block", "poweroff.target")


def this_boot() -> Callable[[Client], Awaitable[None]]:
    """Return what to do now, by what there is."""
    if MEMORY.with_suffix(".last").exists():
        return to_the_end
    if MEMORY.exists():
        return to_orderly_reboot
    install()
    return to_power_cut


async def main() -> None:
    boot = this_boot()
    check(f"{boot.__name__}: the daemon runs", Units().is_active("joblet"), expected=True)
    node = read_nodes(Path(CONFIG_FOLDER, "rnx-config.yml"))["default"]
    async with Client(node, timeout_seconds=60) as client:
        await boot(client)


if __name__ == "__main__":
    asyncio.run(main())
