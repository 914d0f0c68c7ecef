"""The daemon stands still, as a starved or suspended one does: the jobs do not, and nothing is missed."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from joblet import Client, JobSpec, JobStatus, Reason
from joblet.linux.inotify import Inotify
from joblet.runner.jobdir import JobDirectory
from joblet.runner.shim import Shim, adopt
from support.restarting import restarting_daemon
from support.running import PYTHON

pytestmark = [pytest.mark.isolation, pytest.mark.slow]

WRITES_ON = "for i in range(200000): print(i)"


async def shim_of(folder: Path, job_id: str) -> Shim:
    """Return the shim of a job, once it says who it is."""
    with Inotify() as inotify:
        shim = await adopt(JobDirectory(folder / "state" / "jobs" / job_id), inotify)
    assert shim is not None
    return shim


async def test_a_frozen_daemon_misses_nothing(tmp_path: Path) -> None:
    """More output than a pipe holds, a timeout, an exit code while it stands still: seen when it goes on."""
    with restarting_daemon(tmp_path) as daemon:
        async with Client(daemon.node()) as client:
            writer = await client.start(JobSpec(PYTHON, ("-c", WRITES_ON + "\nraise SystemExit(9)")))
            late = await client.start(JobSpec("sh", ("-c", "echo late; exec sleep 600"), timeout_seconds=1))
            shims = [await shim_of(tmp_path, job.id) for job in (writer, late)]
            assert daemon.process is not None
            os.kill(daemon.process.pid, signal.SIGSTOP)
            for shim in shims:
                with closing(shim):
                    await shim.wait_ended()
            os.kill(daemon.process.pid, signal.SIGCONT)
            output = b"".join([chunk async for chunk in client.logs(writer.id)])
            ended = [await client.wait(job.id) for job in (writer, late)]

    assert output == b"".join(b"%d\n" % number for number in range(200000))
    assert [(job.status, job.exit_code) for job in ended] == [(JobStatus.FAILED, 9), (JobStatus.STOPPED, -1)]
    assert ended[1].ending is not None
    assert ended[1].ending.reason is Reason.TIMEOUT
