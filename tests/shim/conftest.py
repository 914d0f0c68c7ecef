"""What every test of the shim starts from."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.feeder import listening
from support.shim import NOBODY, NewRun, ShimRun, Start, make_folder, spawn


@pytest.fixture
def new_run(tmp_path: Path) -> Iterator[NewRun]:
    """Make a job's directory without starting anything in it yet."""
    numbers = itertools.count(1)
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(ShimRun(make_folder(tmp_path / f"job-{next(numbers)}")))


@pytest.fixture
def start(new_run: NewRun) -> Start:
    """Start a command: `start("sleep", "60", options=["--timeout-ms", "5"])`."""

    def start_job(*command: str, run: ShimRun | None = None, uid: int = NOBODY, **how: Any) -> ShimRun:
        job = run or new_run()
        os.chown(job.work, uid, uid)
        return spawn(job, command, uid=uid, **how)

    return start_job


@pytest.fixture
def run(start: Start) -> Start:
    """Start a command and wait for the shim's end; the shim must say that it wrote a record."""

    def run_job(*command: str, **how: Any) -> ShimRun:
        job = start(*command, **how)
        assert job.wait() == 0
        return job

    return run_job


@pytest.fixture
def start_fed(new_run: NewRun, start: Start) -> Callable[..., ShimRun]:
    """Start a command that is fed: `start_fed("cat")`, or with `terminal=(rows, columns)`."""

    def start_job(
        *command: str,
        terminal: tuple[int, int] | None = None,
        options: Sequence[str] = (),
        inherit: Sequence[int] = (),
    ) -> ShimRun:
        run = new_run()
        size = (
            ["--terminal-rows", str(terminal[0]), "--terminal-columns", str(terminal[1])] if terminal else []
        )
        with listening(run.folder) as listener:
            words = ["--input-fd", str(listener.fileno()), *size, *options]
            return start(*command, run=run, options=words, inherit=[listener.fileno(), *inherit])

    return start_job
