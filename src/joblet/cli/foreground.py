"""`rnx run --wait`: a job as if it ran here. Its input and output, its exit code, and Ctrl-C.

The first Ctrl-C asks the job to stop, as it would a local command; the second
kills it; the third leaves, whatever the server says. Whoever stops reading the
output stops the job too: a local command would end by SIGPIPE.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

import click

from joblet.cli.ends import shell_code, why
from joblet.cli.input import stdin_blocks
from joblet.cli.output import write_all
from joblet.cli.render import printable
from joblet.client import Client
from joblet.errors import JobletError, JobNotRunningError
from joblet.feeding import cancel_all
from joblet.job import Job, JobSpec, Reason

Interrupts = asyncio.Queue[None]


async def run_here(client: Client, spec: JobSpec, job: Job | None = None, *, detaches: bool) -> int:
    """Stay with a job to its end, started here if it is not yet; return its exit code as a shell gives it."""
    with interrupts(0 if detaches else 2) as pressed:
        job = job or await client.start(spec)
        note(f"Job {job.id} started; Ctrl-C {'leaves it running' if detaches else 'stops it'}.")
        stopping = asyncio.create_task(stop_when_pressed(client, job.id, pressed))
        try:
            await follow(client, job, feeds=spec.has_input)
        except BrokenPipeError:
            if not detaches:
                await stop(client, job.id)
            raise
        finally:
            stopping.cancel()
            await asyncio.wait([stopping])
        return told(await client.wait(job.id))


async def follow(client: Client, job: Job, *, feeds: bool, tail_lines: int | None = None) -> None:
    """Write the job's output to stdout to its end, and meanwhile stdin to the job if it is to be fed."""
    feeding = [asyncio.create_task(feed(client, job.id))] if feeds else []
    try:
        await write_all(client.logs(job.id, tail_lines=tail_lines))
    finally:
        await cancel_all(feeding)


async def feed(client: Client, job_id: str) -> None:
    """Send stdin to the job, with its end of file; say so if that cannot be done."""
    try:
        await send_input(client, job_id)
    except (JobletError, OSError) as error:
        click.echo(f"Error: cannot send input to job {job_id}: {printable(str(error))}", err=True)


async def send_input(client: Client, job_id: str) -> None:
    """Return once the job has all of stdin, with its end of file, or wants no more.

    Raises:
        JobletError: as `Client.write_input`, but for a job that has ended.
        OSError: stdin cannot be read.

    """
    with contextlib.suppress(JobNotRunningError):
        await client.write_input(job_id, stdin_blocks())


@contextlib.contextmanager
def interrupts(times: int) -> Iterator[Interrupts]:
    """Yield a queue that so many Ctrl-C go to; one more ends the program as usual.

    Not `loop.add_signal_handler`: Windows has none.
    """
    pressed: Interrupts = asyncio.Queue()
    loop = asyncio.get_running_loop()
    usual = signal.getsignal(signal.SIGINT)
    left = times

    def press(_number: int, _frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            signal.signal(signal.SIGINT, usual)
        loop.call_soon_threadsafe(pressed.put_nowait, None)

    if times:
        signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, usual)


async def stop_when_pressed(client: Client, job_id: str, pressed: Interrupts) -> None:
    """Stop the job at the first Ctrl-C, and kill it at the second, while the first stop goes on."""
    async with asyncio.TaskGroup() as stops:
        await pressed.get()
        note(f"Stopping job {job_id}; Ctrl-C again kills it.")
        stops.create_task(stop(client, job_id))
        await pressed.get()
        note(f"Killing job {job_id}; Ctrl-C again leaves it.")
        stops.create_task(stop(client, job_id, force=True))


async def stop(client: Client, job_id: str, *, force: bool = False) -> None:
    """Stop a job that may have ended by itself in the meantime; say so if that cannot be done."""
    try:
        await client.stop(job_id, force=force)
    except JobNotRunningError:
        return
    except JobletError as error:
        click.echo(f"Error: cannot stop job {job_id}: {printable(str(error))}", err=True)


def told(job: Job) -> int:
    """Return an ended job's exit code; say on stderr how it ended, if the code does not tell."""
    if job.ending and job.ending.reason is not Reason.EXITED:
        click.echo(f"Job {job.id}: {why(job)}", err=True)
    return shell_code(job)


def note(text: str) -> None:
    """Tell a person, and no file."""
    if sys.stderr.isatty():
        click.echo(text, err=True)
