"""Feeds a shim's job, by the text of `shim/README.md` ("Input"): the socket, and a caller's end."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from pathlib import Path
from typing import NamedTuple, Self

from support.shim import SAFETY_SECONDS

HEAD = struct.Struct("=IHHQ")
PROGRESS = struct.Struct("=QQ")
CONTENT, END, SIZE = 1, 2, 3
MOST_BYTES = 65536


class Progress(NamedTuple):
    """How far the shim says it is."""

    taken: int
    is_closed: bool


def listening(folder: Path) -> socket.socket:
    """Return the socket for `--input-fd`, bound to `input` in a job's folder."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{fd}/input")  # a socket's path may be 108 bytes long
    finally:
        os.close(fd)
    listener.listen()
    return listener


class Feeder:
    """One connection; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(SAFETY_SECONDS)
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            self._socket.connect(f"/proc/self/fd/{fd}/input")
        finally:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def progress(self) -> Progress:
        """Wait for what the shim says next."""
        taken, closed = PROGRESS.unpack(self._socket.recv(4096))
        return Progress(taken, bool(closed))

    def wait_taken(self, taken: int) -> None:
        """Wait until the shim says that it has taken so many bytes."""
        while self.progress().taken < taken:
            pass

    def wait_closed(self) -> int:
        """Wait until the shim says that the job takes no more; return how many bytes it took."""
        while not (progress := self.progress()).is_closed:
            pass
        return progress.taken

    def wait_replaced(self) -> None:
        """Wait until the shim has closed the connection."""
        with contextlib.suppress(ConnectionResetError):  # it had not read all
            while self._socket.recv(4096):
                pass

    def content(self, offset: int, content: bytes) -> None:
        self.raw(HEAD.pack(CONTENT, 0, 0, offset) + content)

    def end(self, offset: int) -> None:
        self.raw(HEAD.pack(END, 0, 0, offset))

    def size(self, rows: int, columns: int) -> None:
        self.raw(HEAD.pack(SIZE, rows, columns, 0))

    def raw(self, packet: bytes) -> None:
        self._socket.send(packet)

    def fill(self, packet: bytes) -> int:
        """Send the same packet until there is no room for one more; return how many went out."""
        self._socket.setblocking(False)
        count = 0
        try:
            while True:
                self._socket.send(packet)
                count += 1
        except BlockingIOError:
            return count
        finally:
            self._socket.settimeout(SAFETY_SECONDS)

    def feed(self, content: bytes) -> None:
        """Send all of this from the beginning, and the end, as the shim takes it."""
        assert self.progress() == Progress(0, is_closed=False)
        for offset in range(0, len(content), MOST_BYTES):
            self.content(offset, content[offset : offset + MOST_BYTES])
            self.wait_taken(min(offset + MOST_BYTES, len(content)))
        self.end(len(content))
        assert self.wait_closed() == len(content)
