"""`joblet stop-jobs`: what ends the jobs when the host goes down, with no daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig
from joblet.admin.stopjobs import STOPPED_BY, stop_jobs
from support.running import output_of, wait_for_line

pytestmark = pytest.mark.isolation

LAST_WORDS = "trap 'echo bye; exit 3' TERM; echo ready; sleep 600 >/dev/null 2>&1 & wait"


async def test_running_jobs_are_stopped_in_order(tmp_path: Path) -> None:
    """Each has its grace period; the next daemon finds them STOPPED, by whom, and ended ones as they were."""
    config = RunnerConfig(state_dir=tmp_path, stop_grace_seconds=30)
    async with JobRunner(config) as first:
        ended = await first.start(JobSpec("true"))
        await first.wait(ended.id)
        polite = await first.start(JobSpec("sh", ("-c", LAST_WORDS)))
        plain = await first.start(JobSpec("sleep", ("600",)))
        await wait_for_line(first, polite.id, b"ready")

    assert await stop_jobs(tmp_path) == 2

    async with JobRunner(config) as second:
        stopped = [await second.wait(job.id) for job in (polite, plain)]
        assert await output_of(second, polite.id) == b"ready\nbye\n"
        assert (await second.status(ended.id)).status is JobStatus.COMPLETED
    assert [(job.status, job.stopped_by) for job in stopped] == [(JobStatus.STOPPED, STOPPED_BY)] * 2


async def test_where_nothing_runs_nothing_is_done(tmp_path: Path) -> None:
    """A state directory that no daemon has used yet, or none at all, is no error."""
    assert await stop_jobs(tmp_path) == 0
    assert await stop_jobs(tmp_path / "missing") == 0
