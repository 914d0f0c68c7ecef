"""A runner of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from joblet import JobRunner, RunnerConfig


@pytest.fixture
def config(tmp_path: Path) -> RunnerConfig:
    """Return the defaults, on a state directory of the test's own."""
    return RunnerConfig(state_dir=tmp_path / "state")


@pytest.fixture
async def runner(config: RunnerConfig) -> AsyncIterator[JobRunner]:
    """Return a runner that has stopped its jobs when the test is over."""
    async with JobRunner(config) as runner:
        yield runner
        for job in await runner.list():
            if not job.status.is_terminal:
                await runner.stop(job.id)
