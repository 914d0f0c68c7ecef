"""`joblet.run`: `subprocess.run`, for a command that is to be a job.

Where it differs: `timeout` is enforced by the job's own shim, whatever becomes
of this program; `env` is added to the job's own environment, and `cwd` is
relative to its /work; standard error is merged into standard output; standard
input is `input`, or empty; text is UTF-8 unless `encoding` says otherwise.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, overload

from joblet.command import Words, command_from
from joblet.completed import CompletedJob
from joblet.config import Node, RunnerConfig
from joblet.errors import InvalidRequestError
from joblet.limits import Limits
from joblet.sync import BlockingPlace, Client, JobRunner

On = Node | RunnerConfig | BlockingPlace | None
"""A server, a state directory of this host, an open place of `joblet.sync`, or this host for one job."""


class Options(TypedDict, total=False):
    """What `run` takes beside `text` and `encoding`, which decide what it returns."""

    capture_output: bool
    check: bool
    timeout: float | None
    cpu: int
    memory: int
    io: int
    env: Mapping[str, str] | None
    cwd: str | os.PathLike[str]
    name: str
    errors: str | None


@overload
def run(
    args: Words,
    *,
    input: str | None = ...,
    text: Literal[True],
    encoding: str | None = ...,
    on: On = ...,
    **options: Unpack[Options],
) -> CompletedJob[str]: ...
@overload
def run(
    args: Words,
    *,
    input: str | None = ...,
    text: bool | None = ...,
    encoding: str,
    on: On = ...,
    **options: Unpack[Options],
) -> CompletedJob[str]: ...
@overload
def run(
    args: Words,
    *,
    input: bytes | None = ...,
    text: Literal[False] | None = ...,
    on: On = ...,
    **options: Unpack[Options],
) -> CompletedJob[bytes]: ...
def run(
    args: Words,
    *,
    input: bytes | str | None = None,  # noqa: A002  the name that subprocess.run gave it
    capture_output: bool = False,
    check: bool = False,
    timeout: float | None = None,
    cpu: int = 0,
    memory: int = 0,
    io: int = 0,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] = "",
    name: str = "",
    text: bool | None = None,
    encoding: str | None = None,
    errors: str | None = None,
    on: On = None,
) -> CompletedJob[Any]:
    r"""Run a command as a job and return it once it has ended.

    What it writes goes to `sys.stdout` as it comes, or with `capture_output`
    into the result's `stdout`: bytes, or text with `text`, `encoding` or
    `errors`. Whatever ends this call early (Ctrl-C, an output that is closed)
    stops the job.

    Args:
        args: the command and its arguments; there is no shell in between.
        input: what the job reads: bytes, or text if the output is. Without it
            its standard input is empty.
        capture_output: return what the job writes.
        check: raise JobFailedError unless the exit code is 0.
        timeout: seconds that the job may run; it is then stopped.
        cpu: percent of one core; 0 is the place's default, as in all limits.
        memory: MiB, without swap on top.
        io: bytes per second, for reads and for writes each.
        env: added to the job's own environment.
        cwd: where the command starts, relative to the job's /work.
        name: for people, who look at a list of jobs.
        text: decode the output, and make all its line ends `\\n`.
        encoding: of the output; UTF-8 by default.
        errors: what becomes of bytes that are not in the encoding; `strict` by default.
        on: the server's `Node`, a `RunnerConfig` to run as root on this host,
            or a place of `joblet.sync` that is open. Without it the job runs
            on this host, as root, and leaves nothing behind there.

    Raises:
        JobFailedError: `check` is set and the exit code is not 0; or the job
            was lost, so that nobody knows how it ended.
        JobTimeoutError: the job was stopped because its time was over.
        JobletError: the job was not accepted; the class says why.

    """
    command = command_from(
        args,
        Limits(cpu_percent=cpu, memory_mb=memory, io_bps=io),
        capture_output=capture_output,
        check=check,
        timeout=timeout,
        env=env,
        cwd=cwd,
        name=name,
        input=input,
        encoding=encoding or ("utf-8" if text or errors else None),
        errors=errors,
    )
    with place_of(on) as place:
        return command.run(place)


@contextmanager
def place_of(on: On) -> Iterator[BlockingPlace]:
    """Yield an open place; what is opened here is closed here.

    Raises:
        JobletError: it cannot be opened.

    """
    match on:
        case BlockingPlace():
            yield on
        case Node():
            with Client(on) as client:
                yield client
        case RunnerConfig():
            with JobRunner(on) as runner:
                yield runner
        case None:
            with (
                tempfile.TemporaryDirectory(prefix="joblet-run-") as folder,
                JobRunner(RunnerConfig(state_dir=Path(folder, "state"))) as runner,
            ):
                yield runner
        case _:
            raise InvalidRequestError(
                f"invalid place: expected a Node, a RunnerConfig or a place of joblet.sync, got {on!r}"
            )
