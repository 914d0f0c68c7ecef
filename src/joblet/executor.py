"""`concurrent.futures`, for commands that are to be jobs.

    with joblet.JobExecutor(node, max_jobs=4) as executor:
        for done in executor.map([["gzip", "-t", name] for name in names]):
            print(done.args, done.returncode)

A command waits until fewer than `max_jobs` run, and then runs as `joblet.run`
runs it, in a thread that only waits. The futures are `concurrent.futures`' own:
`wait`, `as_completed` and `asyncio.wrap_future` take them.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Unpack

from joblet.command import Command, Words, command_from
from joblet.completed import CompletedJob
from joblet.job import Job
from joblet.limits import Limits
from joblet.running import On, Options, place_of
from joblet.sync import BlockingPlace

DEFAULT_MAX_JOBS = 4
"""Few enough for any server's default; a host runs more than it has cores only if they wait."""


class JobFuture(Future[CompletedJob[Any]]):
    """A command that was submitted; `job` is its job as it started, None until then."""

    def __init__(self, place: BlockingPlace, *, stop_on_cancel: bool) -> None:
        super().__init__()
        self.job: Job | None = None
        self._place = place
        self._stop_on_cancel = stop_on_cancel
        self._lock = threading.Lock()
        self._is_stop_asked = False

    def cancel(self) -> bool:
        """Cancel the command if it has not started: it never will; return whether that is so.

        One that has started runs on, unless the executor has `stop_on_cancel`:
        then the job is asked to stop, and the result tells what became of it.
        """
        if super().cancel():
            return True
        with self._lock:
            self._is_stop_asked = self._stop_on_cancel
        self._stop_if_asked()
        return False

    def note_start(self, job: Job) -> None:
        """Take the job (called by the executor, from the thread that runs the command)."""
        with self._lock:
            self.job = job
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        with self._lock:
            job = self.job if self._is_stop_asked and not self.done() else None
        if job:
            self._place.stop_nowait(job.id)


class JobExecutor(Executor):
    """Runs commands as jobs, at most `max_jobs` at once; use as `with JobExecutor(on) as executor:`.

    `on` is where, as in `joblet.run`. `stop_on_cancel`: see `JobFuture.cancel`.

    Raises:
        JobletError: the place cannot be opened.
        ValueError: `max_jobs` is less than 1.

    """

    def __init__(
        self, on: On = None, *, max_jobs: int = DEFAULT_MAX_JOBS, stop_on_cancel: bool = False
    ) -> None:
        self._threads = ThreadPoolExecutor(max_jobs, thread_name_prefix="joblet-job")
        self._stop_on_cancel = stop_on_cancel
        self._opened = ExitStack()
        self._place = self._opened.enter_context(place_of(on))
        self._lock = threading.Lock()
        self._unfinished: set[JobFuture] = set()
        self._is_shut_down = False

    def submit(  # type: ignore[override]  # a command, where other executors take a function
        self,
        args: Words,
        /,
        *,
        text: bool | None = None,
        encoding: str | None = None,
        **options: Unpack[Options],
    ) -> JobFuture:
        """Have a command run as a job; the options are those of `joblet.run`, with the output captured.

        The future's result is a `CompletedJob`, or the error that `run` raises.

        Raises:
            InvalidRequestError: the command or an option makes no sense.
            RuntimeError: the executor has been shut down.

        """
        command = _command(args, text=text, encoding=encoding, **options)
        future = JobFuture(self._place, stop_on_cancel=self._stop_on_cancel)
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot submit a command after shutdown")
            self._unfinished.add(future)
            self._threads.submit(self._work, future, command)
        return future

    def map(  # type: ignore[override]  # commands, where other executors take a function and its arguments
        self,
        commands: Iterable[Words],
        /,
        *,
        text: bool | None = None,
        encoding: str | None = None,
        **options: Unpack[Options],
    ) -> Generator[CompletedJob[Any], None, None]:
        """Submit all commands now, and yield their results in order; `timeout` is that of each job.

        Leaving the loop early cancels those that have not started.

        Raises:
            JobFailedError, JobTimeoutError: as in `joblet.run`, when it is that command's turn.

        """
        futures = [self.submit(args, text=text, encoding=encoding, **options) for args in commands]
        return _results(futures)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more commands; with `cancel_futures`, cancel those that have not started.

        With `wait`, return once all have ended; without it, the last one to
        end closes the place. No job is stopped.
        """
        with self._lock:
            self._is_shut_down = True
            waiting = [future for future in self._unfinished if cancel_futures]
        for future in waiting:
            Future.cancel(future)  # not its own: that may stop a running job
        self._threads.shutdown(wait=wait)
        self._close_if_finished()

    def _work(self, future: JobFuture, command: Command) -> None:
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(command.run(self._place, on_start=future.note_start))
        except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to who waits for the result
            future.set_exception(error)
        with self._lock:
            self._unfinished.discard(future)
        self._close_if_finished()

    def _close_if_finished(self) -> None:
        with self._lock:
            if not self._is_shut_down or self._unfinished:
                return
            opened = self._opened.pop_all()
        opened.close()


def _command(
    args: Words,
    *,
    text: bool | None,
    encoding: str | None,
    cpu: int = 0,
    memory: int = 0,
    io: int = 0,
    capture_output: bool = True,
    errors: str | None = None,
    **options: Any,
) -> Command:
    """Return the command that these arguments of `joblet.run` describe, with its output captured."""
    return command_from(
        args,
        Limits(cpu_percent=cpu, memory_mb=memory, io_bps=io),
        capture_output=capture_output,
        encoding=encoding or ("utf-8" if text or errors else None),
        errors=errors,
        **options,
    )


def _results(futures: list[JobFuture]) -> Generator[CompletedJob[Any], None, None]:
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
