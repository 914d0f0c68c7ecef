"""What every released version left behind is read by this one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, Reason, RunnerConfig
from support.running import output_of

pytestmark = pytest.mark.isolation

FIXTURES = sorted((Path(__file__).resolve().parents[2] / "fixtures").glob("state-*.tar.gz"))


@pytest.mark.parametrize("is_indexed", [True, False], ids=["index", "directories alone"])
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.name)
async def test_state_of_every_version_is_read(tmp_path: Path, fixture: Path, is_indexed: bool) -> None:
    """Every status, reason, code, owner and byte, from the index and from the directories without it."""
    # Not tarfile: what it asks for differs between 3.11.2, which Debian 12 has, and 3.12.
    subprocess.run(["tar", "-xzf", fixture, "-C", tmp_path], check=True)  # noqa: ASYNC221  a moment
    if not is_indexed:
        (tmp_path / "state" / "joblet.db").unlink()
    async with JobRunner(RunnerConfig(state_dir=tmp_path / "state")) as runner:
        jobs = [await runner.wait(str(number)) for number in range(1, 7)]
        outputs = [await output_of(runner, job.id) for job in jobs]

    assert [(job.status, job.ending and job.ending.reason, job.exit_code) for job in jobs] == [
        (JobStatus.COMPLETED, Reason.EXITED, 0),
        (JobStatus.FAILED, Reason.EXITED, 42),
        (JobStatus.FAILED, Reason.START_FAILED, 127),
        (JobStatus.FAILED, Reason.OOM, -1),
        (JobStatus.STOPPED, Reason.TIMEOUT, -1),
        (JobStatus.STOPPED, Reason.STOPPED, -1),
    ]
    assert outputs == [
        "hello wörld\n".encode(),
        b"out\nerr\n",
        b"joblet: cannot run missing: No such file or directory\n",
        b"",
        b"",
        b"ready\n",
    ]
    assert {job.owner for job in jobs} == {"ann"}
    assert jobs[5].stopped_by == "bob"
    greeting = JobSpec("echo", ("hello", "wörld"), name="greeting", key="k-1", limits=jobs[0].spec.limits)
    assert jobs[0].spec == greeting
