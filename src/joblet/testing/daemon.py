"""A running daemon, for tests: the installed `joblet serve`, on a free port of the loopback.

It is ready when it says so (sd_notify(3)), never "after a while". Its log and
state are in the folder it is given, so the next daemon on the same folder
finds the jobs of the last.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblet.config import Node
from joblet.errors import ServerUnavailableError
from joblet.testing.authority import Authority

START_SECONDS = 30.0
STOP_SECONDS = 30.0
STATUS = "STATUS=serving on "

Settings = Mapping[str, Any]
"""What joblet-config.yml says beside the defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A daemon that accepts calls at `address`, and the authority that it trusts."""

    address: str
    authority: Authority
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        """The port of the address."""
        return int(self.address.rpartition(":")[2])

    def node(self, *units: str, name: str = "tester") -> Node:
        """Return what a client needs that has these organizational units, an admin's by default."""
        return Node(address=self.address, tls=self.authority.client(*(units or ("admin",)), name=name))

    def log(self) -> str:
        """Return what the daemon has logged."""
        return log_path(self.folder).read_text()

    def stop(self) -> int:
        """Ask the daemon to drain and stop; return its exit code once it has."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """Kill the daemon, as a crash would; its jobs run on."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def running_daemon(
    folder: Path, *, authority: Authority | None = None, settings: Settings | None = None
) -> Iterator[Daemon]:
    """Run a daemon with these settings until the block ends, unless the block has stopped it.

    Raises:
        ServerUnavailableError: it does not start; the message has its log.

    """
    authority = authority or Authority()
    config_path = write_config(folder, authority, settings or {})
    with ready_socket(folder) as ready:
        process = start(folder, config_path)
        try:
            address = wait_ready(process, ready, folder)
            yield Daemon(address=address, authority=authority, folder=folder, process=process)
        finally:
            stop(process)


def write_config(folder: Path, authority: Authority, settings: Settings) -> Path:
    """Write the daemon's configuration: JSON, which is YAML."""
    tls = authority.server()
    config = {
        "version": "3.0",
        "stateDir": str(folder / "state"),
        "server": {"address": "127.0.0.1", "port": 0},
        "security": {"serverCert": tls.cert, "serverKey": tls.key, "caCert": tls.ca},
        **settings,
    }
    path = folder / "joblet-config.yml"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
    return path


@contextlib.contextmanager
def ready_socket(folder: Path) -> Iterator[socket.socket]:
    """Yield the socket on which the daemon reports that it is ready."""
    path = notify_path(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(path))
        try:
            yield ready
        finally:
            path.unlink()


def start(folder: Path, config_path: Path) -> subprocess.Popen[bytes]:
    """Start the daemon; everything it prints goes to its log."""
    program = Path(sysconfig.get_path("scripts"), "joblet")
    environment = {**os.environ, "NOTIFY_SOCKET": str(notify_path(folder))}
    with log_path(folder).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  the installed program
            [program, "serve", "--config", config_path],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def wait_ready(process: subprocess.Popen[bytes], ready: socket.socket, folder: Path) -> str:
    """Return the daemon's address once it accepts calls.

    Raises:
        ServerUnavailableError: it ended instead, or did nothing for `START_SECONDS`.

    """
    pidfd = os.pidfd_open(process.pid)
    try:
        while True:
            readable, _, _ = select.select([ready.fileno(), pidfd], [], [], START_SECONDS)
            if ready.fileno() not in readable:
                what = "ended" if readable else "is not ready in time"
                raise ServerUnavailableError(f"the daemon {what}; its log:\n{log_path(folder).read_text()}")
            for line in ready.recv(4096).decode().splitlines():
                if line.startswith(STATUS):
                    return line.removeprefix(STATUS)
    finally:
        os.close(pidfd)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the daemon if it runs, by force if it must be."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def notify_path(folder: Path) -> Path:
    """Return where the daemon reports."""
    return folder / "notify"


def log_path(folder: Path) -> Path:
    """Return where the daemon's log is."""
    return folder / "joblet.log"
