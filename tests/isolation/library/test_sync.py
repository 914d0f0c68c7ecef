"""The waiting places: their thread, their loop, and how they end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from joblet import JobSpec, RunnerConfig, sync
from joblet.errors import StateDirectoryInUseError

pytestmark = pytest.mark.isolation

SLEEPER = JobSpec("sh", ("-c", "echo up; exec sleep 600"))


def test_what_is_not_open_says_so(config: RunnerConfig) -> None:
    """Every verb of a place that is not open, or not any more, says what to do."""
    place = sync.JobRunner(config)

    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"not open: use it as `with"):
            place.list()
        with pytest.raises(RuntimeError, match="not open"):
            next(place.logs("1"))
        with pytest.raises(RuntimeError, match="not open"):
            place.stop_nowait("1")
        place.open()
        place.close()
        place.close()


def test_an_opening_that_fails_leaves_no_thread(place: sync.JobRunner, config: RunnerConfig) -> None:
    """A place that cannot be entered raises why, and its thread is gone."""
    before = threading.active_count()

    with pytest.raises(StateDirectoryInUseError):
        sync.JobRunner(config).open()

    assert threading.active_count() == before


def test_a_thread_ends_with_its_place(config: RunnerConfig) -> None:
    """A place has one thread of its own, from its opening to its end."""
    before = threading.active_count()

    with sync.JobRunner(config) as place:
        job = place.start(JobSpec("true"))
        place.wait(job.id)
        during = threading.active_count()

    assert during > before
    assert threading.active_count() == before


def test_a_loop_that_is_left_closes_the_log(place: sync.JobRunner) -> None:
    """Leaving a loop over a running job's output ends the follower; the job runs on."""
    job = place.start(SLEEPER)

    for chunk in place.logs(job.id):
        assert chunk == b"up\n"
        break

    assert not [path for path in Path("/proc/self/fd").iterdir() if is_log(path)]
    assert not place.status(job.id).status.is_terminal
    place.stop(job.id)


def is_log(path: Path) -> bool:
    try:
        return str(path.readlink()).endswith("output.log")
    except FileNotFoundError:  # the descriptor of the listing itself
        return False


def test_a_place_that_is_closed_ends_its_followers(config: RunnerConfig) -> None:
    """A follower that outlives its place ends without a word, and leaves nothing."""
    with sync.JobRunner(config) as place:
        job = place.start(SLEEPER)
        chunks = place.logs(job.id)
        assert next(chunks) == b"up\n"
        place.stop(job.id)

    chunks.close()


async def test_it_works_beside_a_running_loop(place: sync.JobRunner) -> None:
    """In a notebook, where a loop runs already, the verbs work all the same."""
    assert asyncio.get_running_loop().is_running()

    assert place.wait(place.start(JobSpec("true")).id).exit_code == 0


def test_it_does_not_wait_for_itself(place: sync.JobRunner) -> None:
    """A call from the place's own event loop is refused: it would never end."""

    async def call_within(_: object) -> object:
        return place.list()

    with pytest.raises(RuntimeError, match="its own event loop"):
        place.call(call_within)


@pytest.mark.parametrize("ending", ["", "place.close()"])
def test_a_program_ends_whether_it_closes_or_not(config: RunnerConfig, ending: str) -> None:
    """A place that a script forgot to close does not keep the script from ending."""
    program = f"""
import sys, pathlib
from joblet import JobSpec, RunnerConfig, sync
place = sync.JobRunner(RunnerConfig(state_dir=pathlib.Path(sys.argv[1]))).open()
print(place.wait(place.start(JobSpec("true")).id).status)
{ending}
"""
    command = [sys.executable, "-c", program, str(config.state_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, "COMPLETED\n", "")


def test_ctrl_c_ends_a_wait_and_leaves_the_job(config: RunnerConfig) -> None:
    """Ctrl-C ends what waits, at once; the place can be used on, and the job runs."""
    program = """
import os, pathlib, signal, sys, threading
from joblet import JobSpec, RunnerConfig, sync

def interrupt_when_it_runs():
    next(place.logs(job.id))
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
with sync.JobRunner(RunnerConfig(state_dir=pathlib.Path(sys.argv[1]))) as place:
    job = place.start(JobSpec("sh", ("-c", "echo up; exec sleep 600")))
    threading.Thread(target=interrupt_when_it_runs).start()
    try:
        place.wait(job.id)
    except KeyboardInterrupt:
        print(place.status(job.id).ending, place.stop(job.id).status)
"""
    command = [sys.executable, "-c", program, str(config.state_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (done.stdout, done.stderr) == ("None STOPPED\n", "")
