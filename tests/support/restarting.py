"""A daemon that is killed and comes back at the same address, as an upgrade or a crash would have it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from joblet.config import Node
from joblet.testing import daemon
from joblet.testing.authority import Authority


class RestartingDaemon:
    """`joblet serve` on one folder and one port; a context manager that leaves nothing running."""

    def __init__(self, folder: Path, settings: daemon.Settings | None = None) -> None:
        self.folder = folder
        self.authority = Authority()
        self.port = _port_outside_the_ephemeral_range()
        self.process: subprocess.Popen[bytes] | None = None
        server = {"server": {"address": "127.0.0.1", "port": self.port}}
        self._config_path = daemon.write_config(folder, self.authority, {**server, **(settings or {})})

    def node(self, *units: str) -> Node:
        """Return what a client needs to reach the daemon, whenever it is there."""
        return Node(address=f"127.0.0.1:{self.port}", tls=self.authority.client(*(units or ("admin",))))

    def start(self) -> None:
        """Start the daemon and return once it takes calls."""
        with daemon.ready_socket(self.folder) as ready:
            self.process = daemon.start(self.folder, self._config_path)
            daemon.wait_ready(self.process, ready, self.folder)

    def kill(self) -> None:
        """SIGKILL, at whatever it is doing."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def kill_and_start(self) -> None:
        """Kill it and start it again, without stopping the event loop of the test."""
        await asyncio.to_thread(self.kill)
        await asyncio.to_thread(self.start)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process is not None:
            daemon.stop(self.process)


def _port_outside_the_ephemeral_range() -> int:
    """Return a free port that no client's own end can get: connecting to it would reach the client itself."""
    for port in random.sample(range(20000, 30000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port between 20000 and 30000")


@contextlib.contextmanager
def restarting_daemon(folder: Path, settings: daemon.Settings | None = None) -> Iterator[RestartingDaemon]:
    """Yield a running daemon that can be killed and started again."""
    with RestartingDaemon(folder, settings) as running:
        yield running
