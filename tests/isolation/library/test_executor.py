"""`JobExecutor` is an executor of `concurrent.futures` whose work is commands."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Iterator

import pytest

from joblet import JobExecutor, JobFailedError, JobFuture, Reason, sync
from joblet.errors import InvalidCommandError
from support.host import PATIENCE

pytestmark = pytest.mark.isolation

SLEEPER = ["sh", "-c", "echo up; exec sleep 600"]
SAFETY_SECONDS = 30 * PATIENCE


@pytest.fixture
def executor(place: sync.JobRunner) -> Iterator[JobExecutor]:
    """Runs one job at a time, and stops the one that runs when its future is cancelled."""
    with JobExecutor(place, max_jobs=1, stop_on_cancel=True) as executor:
        yield executor
        executor.shutdown(wait=False, cancel_futures=True)
        for job in place.list():
            if not job.status.is_terminal:
                place.stop(job.id)


def wait_started(place: sync.JobRunner, future: JobFuture) -> None:
    """Return once the future's job has written its first line."""
    while future.job is None:
        concurrent.futures.wait([future], timeout=0.01)
    next(place.logs(future.job.id))


def test_a_command_is_submitted(executor: JobExecutor) -> None:
    """A future's result is the completed job, with its output captured."""
    done = executor.submit(["echo", "x"], text=True).result(SAFETY_SECONDS)

    assert (done.returncode, done.stdout) == (0, "x\n")


def test_a_failure_is_the_futures(executor: JobExecutor) -> None:
    """With `check` the future raises what `run` raises; a bad command is refused at once."""
    future = executor.submit(["sh", "-c", "exit 3"], check=True)

    with pytest.raises(JobFailedError, match="exit status 3"):
        future.result(SAFETY_SECONDS)
    with pytest.raises(InvalidCommandError):
        executor.submit("echo x")


def test_results_come_in_order(place: sync.JobRunner) -> None:
    """Map gives the results in the order of the commands, whichever ends first."""
    commands = [["sh", "-c", f"sleep {delay}; echo {delay}"] for delay in (0.3, 0.1, 0)]

    with JobExecutor(place, max_jobs=3) as executor:
        outputs = [done.stdout for done in executor.map(commands, text=True)]

    assert outputs == ["0.3\n", "0.1\n", "0\n"]


def test_no_more_run_than_may(place: sync.JobRunner) -> None:
    """At no time do more than `max_jobs` run: each sees how many of the others have not ended."""
    with JobExecutor(place, max_jobs=2) as executor:
        done = list(executor.map([["sleep", "0.05"]] * 8))

    edges = sorted(
        edge
        for one in done
        for edge in ((one.job.started_at, 1), (one.job.ended_at or one.job.started_at, -1))
    )
    running = [sum(change for _, change in edges[: n + 1]) for n in range(len(edges))]
    assert max(running) <= 2
    assert len({one.job.id for one in done}) == 8


def test_cancelled_before_its_start_it_never_starts(place: sync.JobRunner, executor: JobExecutor) -> None:
    """A command whose future is cancelled while it waits is never a job."""
    running = executor.submit(SLEEPER)
    wait_started(place, running)
    waiting = executor.submit(["echo", "never"])

    assert waiting.cancel()
    assert not running.cancel()

    concurrent.futures.wait([running, waiting], timeout=SAFETY_SECONDS)
    assert waiting.cancelled()
    assert [job.spec.command for job in place.list()] == ["sh"]


def test_cancelled_while_it_runs_it_is_stopped_if_asked(place: sync.JobRunner, executor: JobExecutor) -> None:
    """With `stop_on_cancel` a running job is stopped; the future has its result, with that reason."""
    future = executor.submit(SLEEPER)
    wait_started(place, future)

    assert not future.cancel()

    assert future.result(SAFETY_SECONDS).reason is Reason.STOPPED


def test_cancelled_while_it_runs_it_runs_on(place: sync.JobRunner) -> None:
    """Without it a running job is not touched, as in every executor."""
    with JobExecutor(place) as executor:
        future = executor.submit(["sh", "-c", "echo up; exec sleep 0.3"])
        wait_started(place, future)

        assert not future.cancel()

    assert future.result().returncode == 0


def test_a_shutdown_waits(place: sync.JobRunner) -> None:
    """Leaving the block waits for all, and nothing can be submitted afterwards; the place stays open."""
    with JobExecutor(place, max_jobs=1) as executor:
        futures = [executor.submit(["sleep", "0.05"]) for _ in range(3)]

    assert all(future.done() for future in futures)
    assert len(place.list()) == 3
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(["true"])


def test_a_shutdown_cancels_what_waits(place: sync.JobRunner) -> None:
    """With `cancel_futures` what has not started never does, and what runs runs to its end."""
    executor = JobExecutor(place, max_jobs=1, stop_on_cancel=True)
    running = executor.submit(["sh", "-c", "echo up; exec sleep 0.3"])
    wait_started(place, running)
    waiting = [executor.submit(["true"]) for _ in range(3)]

    executor.shutdown(cancel_futures=True)

    assert running.result().returncode == 0
    assert all(future.cancelled() for future in waiting)


def test_a_shutdown_that_does_not_wait_closes_its_place_later(place: sync.JobRunner) -> None:
    """An executor that opened its own place closes it after its last job, which is not disturbed."""
    executor = JobExecutor(max_jobs=1)
    future = executor.submit(["sleep", "0.2"])

    executor.shutdown(wait=False)

    assert future.result(SAFETY_SECONDS).returncode == 0
    executor.shutdown(wait=True)
    assert place.list() == []


async def test_asyncio_awaits_it(place: sync.JobRunner, executor: JobExecutor) -> None:
    """A future can be awaited, and cancelling what awaits it stops the job."""
    done = await asyncio.wrap_future(executor.submit(["echo", "x"]))
    future = executor.submit(SLEEPER)
    await asyncio.to_thread(wait_started, place, future)

    asyncio.wrap_future(future).cancel()

    ended = await asyncio.to_thread(future.result, SAFETY_SECONDS)
    assert (done.stdout, ended.reason) == (b"x\n", Reason.STOPPED)


def test_leaving_a_map_cancels_the_rest(place: sync.JobRunner) -> None:
    """A loop over `map` that is left early lets what has not started never start."""
    with JobExecutor(place, max_jobs=1) as executor:
        results = executor.map([["true"], ["sleep", "0.2"], ["echo", "never"], ["echo", "never"]])
        next(results)
        results.close()

    assert "echo" not in [job.spec.command for job in place.list()]
