"""A command as `joblet.run` and `JobExecutor` take it, and its life as a job on an open place.

Started, its output taken, its end awaited and judged. Whatever ends that early
(Ctrl-C, an output that is closed) stops the job: nobody else knows its id.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from joblet.completed import CompletedJob, JobFailedError, JobTimeoutError, ending_of
from joblet.errors import InvalidCommandError, InvalidRequestError, JobletError, JobNotRunningError
from joblet.job import Job, JobSpec, Reason
from joblet.limits import Limits
from joblet.place import Place
from joblet.sync import BlockingPlace

Words = Sequence[str | os.PathLike[str]]
"""A command and its arguments, as `subprocess.run` takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, what becomes of its output, and whether a failure is an error.

    Output is captured or shown; captured it is text if there is an encoding.
    """

    spec: JobSpec
    input: bytes | None
    capture_output: bool
    check: bool
    encoding: str | None
    errors: str

    def run(
        self, place: BlockingPlace, *, on_start: Callable[[Job], object] = lambda _: None
    ) -> CompletedJob[Any]:
        """Run it as a job; `on_start` is called with the job once there is one.

        Raises:
            JobFailedError, JobTimeoutError: see `joblet.run`.
            JobletError: it was not accepted, or the place cannot be reached any more.

        """
        accepted: list[Job] = []
        try:
            place.call(lambda asynchronous: _start(asynchronous, self.spec, accepted.append))
            [job] = accepted
            on_start(job)
            feeding = place.call(lambda asynchronous: _begin_feeding(asynchronous, job.id, self.input))
            with closing(place.logs(job.id)) as chunks:
                output = b"".join(chunks) if self.capture_output else _show(chunks)
            place.call(lambda _: _join(feeding))
            ended = place.wait(job.id)
        except BaseException as error:
            # After an error of the place itself there is nothing to stop the job with.
            if accepted and not isinstance(error, JobletError):
                with suppress(JobletError):  # it has ended meanwhile
                    place.stop(accepted[0].id)
            raise
        return self._judged(ended, self._decoded(output) if self.capture_output else None)

    def _decoded(self, output: bytes) -> str | bytes:
        if self.encoding is None:
            return output
        return output.decode(self.encoding, self.errors).replace("\r\n", "\n").replace("\r", "\n")

    def _judged(self, job: Job, output: str | bytes | None) -> CompletedJob[Any]:
        args = [self.spec.command, *self.spec.args]
        reason = ending_of(job).reason
        if reason is Reason.TIMEOUT:
            raise JobTimeoutError(job, args, output)
        if reason is Reason.LOST:
            raise JobFailedError(job, args, output)
        completed: CompletedJob[Any] = CompletedJob(job, args, output)
        if self.check:
            completed.check_returncode()
        return completed


def command_from(
    args: Words,
    limits: Limits,
    *,
    capture_output: bool = False,
    check: bool = False,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] = "",
    name: str = "",
    input: bytes | str | None = None,  # noqa: A002  the name that subprocess.run gave it
    encoding: str | None = None,
    errors: str | None = None,
) -> Command:
    """Return the command that the arguments of `joblet.run` describe.

    Raises:
        InvalidRequestError: they make no sense.
        LookupError: there is no such encoding.

    """
    if isinstance(args, str | bytes) or not args:
        raise InvalidCommandError(
            f"expected a list of words, got {args!r} (there is no shell; for one: ['sh', '-c', ...])"
        )
    if timeout is not None and timeout <= 0:
        raise InvalidRequestError(f"invalid timeout: expected more than 0 s, got {timeout}")
    if encoding:
        codecs.lookup(encoding)  # before the job, not after it
    command, *rest = [os.fspath(word) for word in args]
    spec = JobSpec(
        command=command,
        args=tuple(rest),
        limits=limits,
        environment=dict(env or {}),
        workdir=os.fspath(cwd),
        timeout_seconds=timeout or 0.0,
        name=name,
        stdin=input is not None,
    )
    return Command(
        spec=spec,
        input=_encoded(input, encoding, errors or "strict"),
        capture_output=capture_output,
        check=check,
        encoding=encoding,
        errors=errors or "strict",
    )


def _encoded(content: object, encoding: str | None, errors: str) -> bytes | None:
    if isinstance(content, str) and encoding:
        return content.encode(encoding, errors)
    if content is None or (isinstance(content, bytes) and not encoding):
        return content
    expected = "str, as the output is text" if encoding else "bytes, or str with text, encoding or errors"
    raise InvalidRequestError(f"invalid input: expected {expected}, got {type(content).__name__}")


async def _start(place: Place, spec: JobSpec, note: Callable[[Job], object]) -> None:
    """Start a job and note it, even if interrupted.

    The interrupt may come when the job is accepted and its id not yet known
    here, or known and not yet returned: so the start is always seen to its end,
    and the caller finds the job where it was noted.
    """
    starting = asyncio.create_task(place.start(spec))
    try:
        await asyncio.shield(starting)
    finally:
        note(await starting)


async def _begin_feeding(place: Place, job_id: str, content: bytes | None) -> asyncio.Task[None]:
    """Return what writes the job's input, beside everything else: output and input wait for each other."""
    feeding = asyncio.create_task(_feed(place, job_id, content))
    # Not "never retrieved" when nobody asks, because something else went wrong first.
    feeding.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return feeding


async def _feed(place: Place, job_id: str, content: bytes | None) -> None:
    if content is not None:
        with suppress(JobNotRunningError):  # it wanted none of it
            await place.write_input(job_id, _only(content))


async def _only(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


async def _join(feeding: asyncio.Task[None]) -> None:
    await feeding


def _show(chunks: Generator[bytes, None, None]) -> bytes:
    """Write the output to where `print` writes; a notebook's stdout takes text only."""
    binary = getattr(sys.stdout, "buffer", None)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    sys.stdout.flush()
    for chunk in chunks:
        if binary:
            binary.write(chunk)
        else:
            sys.stdout.write(decoder.decode(chunk))
        sys.stdout.flush()
    return b""
