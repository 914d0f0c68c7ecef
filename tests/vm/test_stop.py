"""What stopping does: of the daemon, nothing to the jobs; of joblet-jobs.service, the end of all of them."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from joblet import Client, JobSpec, JobStatus
from joblet.admin.stopjobs import STOPPED_BY
from joblet.job import UNKNOWN_EXIT_CODE, Reason
from joblet.linux.pidfd import PidFd
from support.units import CGROUP, STATE_FOLDER, Units, members

LAST_WORDS = "trap 'echo bye; exit 3' TERM; echo ready; sleep 600 >/dev/null 2>&1 & wait"


async def wait_line(client: Client, job_id: str) -> None:
    """Return once the job has printed something."""
    async for _ in client.logs(job_id):
        return


async def test_a_stopped_daemon_leaves_jobs_running(units: Units, client: Client) -> None:
    """Nobody answers, jobs run on and end; the next daemon knows of both, with all output."""
    endless = await client.start(JobSpec("sleep", ("6000",)))
    ending = await client.start(JobSpec("sh", ("-c", "echo begun; sleep 5; echo done")))
    await wait_line(client, ending.id)
    (shim,) = [pid for pid in members("shims") if f"/jobs/{ending.id}" in os.readlink(f"/proc/{pid}/cwd")]

    with PidFd(shim) as process:
        await units.change("stop", "joblet")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", 50051))
        assert units.is_active("joblet-jobs")
        await process.wait_ended()
    assert (STATE_FOLDER / "jobs" / ending.id / "exit").exists()
    await units.change("start", "joblet")

    assert (await client.status(endless.id)).status is JobStatus.RUNNING
    assert (await client.wait(ending.id)).status is JobStatus.COMPLETED
    assert b"".join([chunk async for chunk in client.logs(ending.id)]) == b"begun\ndone\n"


@pytest.mark.parametrize("word", ["stop", "restart"])
async def test_without_its_jobs_unit_every_job_has_ended(units: Units, client: Client, word: str) -> None:
    """Jobs are stopped in order, with a record; the daemon goes along, and can be started again."""
    polite = await client.start(JobSpec("sh", ("-c", LAST_WORDS)))
    plain = await client.start(JobSpec("sleep", ("6000",)))
    await wait_line(client, polite.id)
    daemon = units.main_pid()

    await units.change(word, "joblet-jobs")

    assert CGROUP.exists() is (word == "restart")
    assert units.main_pid() != daemon
    await units.change("start", "joblet")
    stopped = [await client.wait(job.id) for job in (polite, plain)]
    assert [(job.status, job.stopped_by) for job in stopped] == [(JobStatus.STOPPED, STOPPED_BY)] * 2
    assert b"".join([chunk async for chunk in client.logs(polite.id)]) == b"ready\nbye\n"
    job = await client.start(JobSpec("true"))
    assert (await client.wait(job.id)).status is JobStatus.COMPLETED


async def test_the_holder_holds_nothing_up(units: Units, client: Client) -> None:
    """Killed, it takes no job along, not at a daemon-reload either; daemon and jobs go on being started."""
    job = await client.start(JobSpec("sleep", ("6000",)))
    os.kill(units.main_pid("joblet-jobs"), signal.SIGKILL)
    for words in (("daemon-reload",), ("daemon-reexec",), ("restart", "joblet")):
        await units.change(*words)

    assert units.is_active("joblet-jobs")
    assert (await client.status(job.id)).status is JobStatus.RUNNING
    another = await client.start(JobSpec("true"))
    assert (await client.wait(another.id)).status is JobStatus.COMPLETED
    await units.change("restart", "joblet-jobs")
    assert units.main_pid("joblet-jobs") in members("holder")


def test_a_shutdown_stops_the_jobs_in_order(units: Units) -> None:
    """The host's shutdown is a stop of joblet-jobs.service, after the daemon's, before the files go."""
    assert "shutdown.target" in units.show("joblet-jobs", "Conflicts").split()
    assert "shutdown.target" in units.show("joblet-jobs", "Before").split()
    assert "joblet-jobs.service" in units.show("joblet", "After").split()
    assert units.show("joblet-jobs", "RequiresMountsFor") == str(STATE_FOLDER)


async def test_a_power_cut_as_far_as_a_guest_can_have_one(units: Units, client: Client) -> None:
    """Everything is gone at once, cgroups too: jobs that ran are lost, never COMPLETED; ids go on.

    Simulated, by the end of every process. `reboot.sh` has a real one, which
    also takes what was not yet on the disk.
    """
    job = await client.start(JobSpec("sh", ("-c", "echo ready; sleep 6000")))
    await wait_line(client, job.id)
    os.kill(units.main_pid(), signal.SIGSTOP)
    (CGROUP / "cgroup.kill").write_text("1")
    await units.change("kill", "--signal=KILL", "joblet")
    await units.change("restart", "joblet-jobs")

    lost = await client.wait(job.id)
    after = await client.wait((await client.start(JobSpec("true"))).id)

    assert after.status is JobStatus.COMPLETED
    assert lost.ending is not None
    assert (lost.status, lost.ending.reason) == (JobStatus.FAILED, Reason.LOST)
    assert lost.exit_code == UNKNOWN_EXIT_CODE
    assert b"".join([chunk async for chunk in client.logs(job.id)]) == b"ready\n"
    assert int(after.id) == int(job.id) + 1
