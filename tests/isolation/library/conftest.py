"""A place of this host that waits, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet import RunnerConfig, sync


@pytest.fixture
def config(tmp_path: Path) -> RunnerConfig:
    return RunnerConfig(state_dir=tmp_path / "state")


@pytest.fixture
def place(config: RunnerConfig) -> Iterator[sync.JobRunner]:
    with sync.JobRunner(config) as runner:
        yield runner
        running = [job for job in runner.list() if not job.status.is_terminal]
        for job in running:
            runner.stop(job.id)
        assert not running, "the test left jobs running"
