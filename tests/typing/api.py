"""The public types, as a program sees them: checked by mypy and pyright, never run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_type

import joblet
from joblet import (
    Client,
    CompletedJob,
    Downloaded,
    Ending,
    Job,
    JobExecutor,
    JobFailedError,
    JobFuture,
    JobRunner,
    JobSample,
    JobSpec,
    JobStatus,
    JobTimeoutError,
    Limits,
    Node,
    Place,
    Reason,
    RunnerConfig,
    Usage,
    sync,
)
from joblet.metrics import CpuMetrics, Kind, SystemMetrics


def with_input() -> None:
    """Input is of the type of the output."""
    assert_type(joblet.run(["cat"], input=b"x"), CompletedJob[bytes])
    assert_type(joblet.run(["cat"], input="x", text=True), CompletedJob[str])
    joblet.run(["cat"], input="x")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]


async def asynchronous(node: Node, config: RunnerConfig) -> None:
    """Both places are a `Place`, and so is what a program is told to use."""
    async with Client(node) as client, JobRunner(config) as runner:
        places: list[Place] = [client, runner]
        for place in places:
            job = await place.start(JobSpec("true", ("a",), limits=Limits(cpu_percent=50)))
            assert_type(job, Job)
            assert_type(job.status, JobStatus)
            assert_type(job.ending, Ending | None)
            assert_type(await place.list(), Sequence[Job])
            assert_type(await place.stats(job.id), Sequence[JobSample])
            assert_type(await place.start(JobSpec("true"), files="a", folders=[Path("b"), "c"]), Job)
            assert_type(await place.download(job.id, Path("out"), ["a", Path("b")]), Downloaded)
            async for chunk in place.logs(job.id, offset=1, follow=False):
                assert_type(chunk, bytes)
        assert_type(await client.system(), SystemMetrics)
        async for system in client.watch_system(1, [Kind.CPU]):
            assert_type(system.cpu, CpuMetrics | None)
        assert_type(await asyncio.gather(client.wait("1"), runner.wait("1")), tuple[Job, Job])


def waiting(node: Node, config: RunnerConfig) -> None:
    """The waiting places have the same verbs."""
    with sync.Client(node, timeout_seconds=5) as client, sync.JobRunner(config) as runner:
        for place in (client, runner):
            job = place.start(JobSpec("true"))
            assert_type(job, Job)
            for chunk in place.logs(job.id):
                assert_type(chunk, bytes)
            assert_type(place.wait(job.id), Job)
            assert_type(place.start(JobSpec("true"), files=["a"]), Job)
            assert_type(place.download(job.id, "out"), Downloaded)
            place.remove([job.id])


def run(node: Node) -> None:
    """The result's type follows from `text` and `encoding`."""
    assert_type(joblet.run(["true"]), CompletedJob[bytes])
    assert_type(joblet.run(["true"], capture_output=True, check=True, on=node), CompletedJob[bytes])
    assert_type(joblet.run(["true"], text=True, cpu=50, memory=64, io=1024), CompletedJob[str])
    assert_type(joblet.run([Path("/bin/true"), "x"], encoding="latin-1", timeout=1.5), CompletedJob[str])
    try:
        done = joblet.run(["true"], env={"A": "b"}, cwd=Path("x"), name="n")
    except (JobFailedError, JobTimeoutError) as error:
        assert_type(error.job, Job)
        assert_type(error.reason, Reason)
        assert_type(error.usage, Usage)
    else:
        assert_type(done.returncode, int)
        assert_type(done.usage.cpu_seconds, float | None)


def executor(node: Node) -> None:
    """Futures are of completed jobs."""
    with JobExecutor(node, max_jobs=2, stop_on_cancel=True) as jobs:
        future = jobs.submit(["true"], text=True, timeout=5)
        assert_type(future, JobFuture)
        assert_type(future.result(), CompletedJob[Any])
        for done in jobs.map([["true"], ["false"]], check=True):
            assert_type(done.job, Job)


def found() -> None:
    """A node comes from where `rnx` finds it."""
    assert_type(joblet.find_node("viewer", config=Path("rnx-config.yml")), Node)
