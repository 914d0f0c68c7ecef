"""A job's terminal as if it were here: keys, sizes and output, until the job ends or the person leaves."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Self

import click

from joblet.cli.ends import SIGNALLED
from joblet.cli.foreground import told
from joblet.cli.keyboard import Keyboard, raw_terminal, terminal_sizes
from joblet.cli.output import write_all
from joblet.cli.program import INTERRUPTED
from joblet.client import Client
from joblet.errors import JobletError, JobNotRunningError
from joblet.feeding import first_of

ENDING_SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT")


async def interact(client: Client, job_id: str, *, tail_lines: int | None, redraws: bool) -> int:
    """Be the job's terminal; return its exit code, or 0 if it was left.

    Raises:
        JobletError: the server cannot be reached any more, or somebody else has taken over the keyboard.

    """
    session = Session(client, job_id)
    try:
        with EndingSignals() as signals, raw_terminal():
            await session.run(signals.came, tail_lines=tail_lines, redraws=redraws)
    except JobletError:
        click.echo(f"\nJob {job_id} may run on: rnx attach {job_id}", err=True)
        raise
    if session.keyboard.is_gone:  # SIGHUP says the same, if there was one; there is nowhere to say anything
        return SIGNALLED + signal.SIGHUP
    if signals.number:
        return SIGNALLED + signals.number
    if session.keyboard.has_left.is_set():
        click.echo(f"\nLeft job {job_id}, which runs on: rnx attach {job_id}", err=True)
        return 0 if session.keyboard.is_connected else INTERRUPTED
    return told(await client.wait(job_id))


class Session:
    """One person at one job's terminal."""

    def __init__(self, client: Client, job_id: str) -> None:
        self.keyboard = Keyboard()
        self._client = client
        self._job_id = job_id

    async def run(self, ending: asyncio.Event, *, tail_lines: int | None, redraws: bool) -> None:
        """Return when the output has ended, a signal has come, or the keyboard has left."""
        await first_of(
            write_all(self._client.logs(self._job_id, tail_lines=tail_lines)),
            self._type(redraws=redraws),
            self.keyboard.has_left.wait(),
            ending.wait(),
        )

    async def _type(self, *, redraws: bool) -> None:
        with contextlib.suppress(JobNotRunningError):  # its output says so, too
            await self._client.write_input(
                self._job_id,
                self.keyboard.blocks(),
                sizes=terminal_sizes(redraws=redraws),
                on_connection=self._note_connection,
            )
        await asyncio.Event().wait()  # for the job's last words

    def _note_connection(self, is_there: bool) -> None:
        if is_there is self.keyboard.is_connected:
            return
        self.keyboard.is_connected = is_there
        text = (
            "connected again" if is_there else "connection lost, reconnecting; Ctrl-C leaves the job running"
        )
        click.echo(f"\r\n[rnx: {text}]\r", err=True)


class EndingSignals:
    """The signals that are to end this program, held until the terminal is put back; a context manager."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.number = 0
        self._numbers = [getattr(signal, name) for name in ENDING_SIGNALS]

    def __enter__(self) -> Self:
        for number in self._numbers:
            asyncio.get_running_loop().add_signal_handler(number, self._note, number)
        return self

    def __exit__(self, *exc: object) -> None:
        for number in self._numbers:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _note(self, number: int) -> None:
        self.number = number
        self.came.set()
