"""Writes to a job's input, by its shim's socket: `shim/README.md`, "Input".

The shim owns the input, and says how much of it was taken; so nothing here
outlives a call, and a runner that comes later goes on by asking the shim.
One call at a time writes to a job: the newest wins, and the older one is told.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from joblet.errors import HostError, InputReplacedError, InvalidRequestError, JobNotRunningError
from joblet.feeding import Progress
from joblet.job import Terminal
from joblet.runner.jobdir import JobDirectory
from joblet.runner.live import LiveJob

_HEAD = struct.Struct("=IHHQ")
_PROGRESS = struct.Struct("=QQ")
_CONTENT, _END, _SIZE = 1, 2, 3


def listen(directory: JobDirectory) -> socket.socket:
    """Return the socket that a job's shim is to be given.

    Raises:
        OSError: it cannot be bound: the disk is full or read-only.

    """

    def bind(listener: socket.socket, address: str) -> None:
        os.fchmod(listener.fileno(), 0o600)  # bind(2) takes the file's mode from the socket's
        listener.bind(address)
        listener.listen()

    return _socket(directory, bind)


def connect(directory: JobDirectory) -> socket.socket:
    """Return a connection to a job's shim, which may not have accepted it yet.

    Raises:
        ConnectionRefusedError: the shim has ended.
        OSError: any other failure of the host.

    """
    return _socket(directory, socket.socket.connect)


def _socket(directory: JobDirectory, open_at: Callable[[socket.socket, str], None]) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    # Not by its own path: an address has 108 bytes (unix(7)), which a state directory may exceed.
    fd = directory.open()
    try:
        open_at(made, f"/proc/self/fd/{fd}/input")
    except OSError:
        made.close()
        raise
    finally:
        os.close(fd)
    return made


class JobInput:
    """A connection to one job's input, an `InputConnection`; a context manager that closes it."""

    def __init__(self, live: LiveJob, connected: socket.socket) -> None:
        self._live = live
        self._socket = connected
        self._is_replaced = False
        self._taken: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def replace(self) -> None:
        """End this connection, for there is a newer one; whoever uses it is told."""
        self._is_replaced = True
        self._socket.shutdown(socket.SHUT_RDWR)

    async def progress(self) -> Progress:
        """Return the next progress that the shim tells, and once the job has ended, that it takes no more.

        Raises:
            InputReplacedError: another call writes to the job now.
            JobNotRunningError: the job ended before there was any.

        """
        packet = await self._receive()
        if self._is_replaced:
            raise InputReplacedError(self._live.job.id)
        if packet:
            self._taken, closed = _PROGRESS.unpack(packet)
            return Progress(self._taken, is_closed=bool(closed))
        # The shim has ended: nobody else lets go of a connection that is not replaced.
        job = await self._live.wait_ended()
        if self._taken is None:
            raise JobNotRunningError(job.id, job.status)
        return Progress(self._taken, is_closed=True)

    async def send_content(self, offset: int, content: bytes) -> None:
        """See `InputConnection`."""
        await self._send(_HEAD.pack(_CONTENT, 0, 0, offset) + content)

    async def send_end(self, offset: int) -> None:
        """See `InputConnection`."""
        await self._send(_HEAD.pack(_END, 0, 0, offset))

    async def send_size(self, size: Terminal) -> None:
        """See `InputConnection`."""
        await self._send(_HEAD.pack(_SIZE, size.rows, size.columns, 0))

    async def _receive(self) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            return await loop.sock_recv(self._socket, _PROGRESS.size)
        except ConnectionResetError:  # once, before the last packets of a shim that has not read all of ours
            return await loop.sock_recv(self._socket, _PROGRESS.size)

    async def _send(self, packet: bytes) -> None:
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, packet)
        except (BrokenPipeError, ConnectionResetError):
            return  # `progress` says why


class Inputs:
    """The inputs of one runner's jobs that are being written."""

    def __init__(self) -> None:
        self._open: dict[str, JobInput] = {}

    @asynccontextmanager
    async def open(self, live: LiveJob) -> AsyncIterator[JobInput]:
        """Yield a connection to the job's input, once its command executes.

        Raises:
            JobNotRunningError: it has ended.
            InvalidRequestError: it has no input.
            HostError: its shim cannot be reached.

        """
        job = await live.wait_started()
        if not job.spec.has_input:
            raise InvalidRequestError(f"job has no input: {job.id} (it is given one when it is started)")
        if job.status.is_terminal:
            raise JobNotRunningError(job.id, job.status)
        if older := self._open.pop(job.id, None):
            older.replace()
        with await _connected(live) as job_input:
            self._open[job.id] = job_input
            try:
                yield job_input
            finally:
                if self._open.get(job.id) is job_input:
                    del self._open[job.id]


async def _connected(live: LiveJob) -> JobInput:
    try:
        return JobInput(live, connect(live.directory))
    except ConnectionRefusedError:
        job = await live.wait_ended()
        raise JobNotRunningError(job.id, job.status) from None
    except OSError as error:
        raise HostError(f"input of job {live.job.id} cannot be written: {error.strerror}") from error
