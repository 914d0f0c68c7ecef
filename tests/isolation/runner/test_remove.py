"""A removal that its caller does not wait for."""

from __future__ import annotations

import asyncio

import pytest

from joblet import JobRunner, RunnerConfig
from joblet.errors import JobNotFoundError
from support.running import run

pytestmark = pytest.mark.isolation


async def test_a_removal_ends_even_if_its_caller_leaves(runner: JobRunner, config: RunnerConfig) -> None:
    """A client that is lost while the files are on their way out leaves no job without files behind."""
    job, _ = await run(runner, "true")
    folder = config.state_dir / "jobs"
    removal = asyncio.create_task(runner.remove([job.id, job.id]))
    while (folder / job.id).exists():  # noqa: ASYNC110  one step of the removal at a time: nothing tells of the moment
        await asyncio.sleep(0)

    removal.cancel()
    await asyncio.wait([removal])
    while list(folder.iterdir()):
        await runner.list()  # takes as long as the index's thread does

    with pytest.raises(JobNotFoundError):
        await runner.status(job.id)
