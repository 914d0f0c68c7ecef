"""A job's cgroup that will not empty: the job ends all the same, and the next runner cleans up."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig
from joblet.linux.cgroup import find_hierarchy
from support.running import wait_for_line

pytestmark = pytest.mark.isolation

FREEZER = Path("/sys/fs/cgroup/freezer")


@contextlib.contextmanager
def frozen_process() -> Iterator[int]:
    """Yield a process that not even SIGKILL ends: v1 keeps it frozen (freezer-subsystem.rst)."""
    cgroup = FREEZER / "joblet-test-frozen"
    cgroup.mkdir()
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            (cgroup / "tasks").write_text(str(process.pid))
            (cgroup / "freezer.state").write_text("FROZEN")
            yield process.pid
        finally:
            (cgroup / "freezer.state").write_text("THAWED")
            process.kill()
            process.wait()
            cgroup.rmdir()


@pytest.mark.skipif(not (FREEZER / "tasks").exists(), reason="needs the v1 freezer: v2 kills what it froze")
async def test_cleanup_takes_no_longer_than_its_timeout(config: RunnerConfig) -> None:
    """After cleanupTimeout the job is terminal and the log says why; the next runner removes what is left."""
    pids_path = find_hierarchy().v1_paths["pids"]
    impatient = dataclasses.replace(config, cleanup_timeout_seconds=0.2)
    with frozen_process() as pid, capture_logs() as logged:
        async with JobRunner(impatient) as runner:
            job = await runner.start(JobSpec("sh", ("-c", "echo ready; exec sleep 600")))
            await wait_for_line(runner, job.id, b"ready\n")
            (cgroup,) = Path(pids_path, "joblet.slice").glob(f"job-{job.id}-*")
            (cgroup / "tasks").write_text(str(pid))
            stopped = await runner.stop(job.id)

        assert stopped.status is JobStatus.STOPPED
        assert [entry["error"] for entry in logged if entry["event"] == "job cleanup failed"] == ["timed out"]
        assert cgroup.exists()
    async with JobRunner(config):
        while cgroup.exists():  # noqa: ASYNC110  no event says it
            await asyncio.sleep(0)
