"""Jobs and shims in a cgroup that a service manager has delegated, apart from the daemon's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, RunnerConfig
from joblet.errors import CgroupError, ConfigurationError
from joblet.linux import cgroup_directory
from joblet.linux.cgroup import find_hierarchy
from joblet.runner.launch import SHIMS, SLICE
from support.running import wait_running

pytestmark = pytest.mark.isolation


@pytest.fixture
def delegated() -> Iterator[Path]:
    """Make a v2 cgroup, as a service manager does before it starts the daemon."""
    root = find_hierarchy().v2_path
    if not root:
        pytest.skip("this host has no cgroup v2")
    path = Path(root, f"joblet-test-{os.getpid()}.slice")
    path.mkdir()
    yield path
    cgroup_directory.remove(str(path))


@pytest.fixture
def config(config: RunnerConfig, delegated: Path) -> RunnerConfig:
    """Return the configuration that `joblet init --systemd` writes, for this cgroup."""
    return replace(config, cgroup_parent=f"/{delegated.name}")


def cgroup_of(pid: int) -> str:
    """Return the v2 cgroup that a process is in."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return next(line.removeprefix("0::") for line in lines if line.startswith("0::"))


async def test_jobs_and_shims_are_in_the_delegated_cgroup(runner: JobRunner, delegated: Path) -> None:
    """The command is below it, its shim in a leaf beside the jobs; the daemon is in neither."""
    started = await runner.start(JobSpec("sleep", ("600",)))
    job = await wait_running(runner, started.id)

    shims = cgroup_directory.read_members(str(delegated / SHIMS))

    assert cgroup_of(job.pid).startswith(f"/{delegated.name}/{SLICE}/job-{job.id}-")
    assert len(shims) == 1
    assert os.getpid() not in shims
    assert (await runner.stop(job.id)).ending is not None
    assert cgroup_directory.read_members(str(delegated / SHIMS)) == []


async def test_a_later_runner_takes_the_shim_up(config: RunnerConfig) -> None:
    """A shim in a cgroup of its own is adopted like any other."""
    async with JobRunner(config) as first:
        job = await first.start(JobSpec("sleep", ("600",)))
    async with JobRunner(config) as second:
        ended = await second.stop(job.id)

    assert ended.ending is not None
    assert ended.status == "STOPPED"


async def test_a_cgroup_that_is_not_there_is_a_mistake(config: RunnerConfig) -> None:
    """A daemon whose cgroup nobody has made says so, and how it is made."""
    wrong = replace(config, cgroup_parent="/nowhere.slice/joblet-jobs.service")

    with pytest.raises(ConfigurationError, match=r"cgroup: there is no .*systemctl restart joblet-jobs"):
        await JobRunner(wrong).__aenter__()


async def test_a_cgroup_that_has_gone_fails_the_job(config: RunnerConfig, delegated: Path) -> None:
    """A job does not run outside of what was delegated: the cgroup is not made anew by us."""
    async with JobRunner(config) as runner:
        cgroup_directory.remove(str(delegated))
        with pytest.raises(CgroupError, match="No such file or directory"):
            await runner.start(JobSpec("true"))
        assert not delegated.exists()
        delegated.mkdir()
