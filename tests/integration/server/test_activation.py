"""A listening socket that the service manager keeps from one daemon to the next."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from joblet.testing.authority import Authority
from support.edge import running_edge

LISTENS = """
import json, os, sys
from joblet.server.listener import listen
listening = listen(sys.argv[1], int(sys.argv[2]))
print(json.dumps({
    "port": listening.getsockname()[1],
    "fd": listening.fileno(),
    "passed_on": os.get_inheritable(listening.fileno()),
    "variables": [name for name in os.environ if name.startswith("LISTEN_")],
    "open_3": os.path.exists("/proc/self/fd/3"),
}))
"""


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Be the service manager: the socket on which it is notified."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield heard


def listen_as_activated(kept: socket.socket, address: str, port: int, *, pid: str = "$$") -> dict[str, Any]:
    """Run a daemon's `listen` in a process that was given a socket as file 3, as sd_listen_fds(3) says."""
    start = f'LISTEN_PID={pid} LISTEN_FDS=1 LISTEN_FDNAMES=joblet-listener exec "$@" 3<&{kept.fileno()}'
    done = subprocess.run(
        ["bash", "-c", start, "bash", sys.executable, "-c", LISTENS, address, str(port)],
        pass_fds=[kept.fileno()], stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def test_calls_wait_for_the_next_daemon(manager: socket.socket) -> None:
    """The manager is given the socket; with the daemon gone it still takes connections, which wait in it."""
    async with running_edge(Authority()) as port:
        state, (fd,), _, _ = socket.recv_fds(manager, 1000, 1)

    with socket.socket(fileno=fd) as kept:
        assert state == b"FDSTORE=1\nFDNAME=joblet-listener"
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            accepted, peer = kept.accept()
            accepted.close()
            assert peer == waiting.getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("any_port", [False, True])
def test_the_next_daemon_is_given_the_socket(*, any_port: bool) -> None:
    """It listens on the same socket, keeps it to itself, and leaves no variable for its children."""
    with socket.create_server(("127.0.0.1", 0)) as kept:
        port = kept.getsockname()[1]
        answer = listen_as_activated(kept, "127.0.0.1", 0 if any_port else port)

    assert answer == {"port": port, "fd": 3, "passed_on": False, "variables": [], "open_3": True}


def test_a_changed_address_gets_a_new_socket(manager: socket.socket) -> None:
    """A kept socket of another address is closed, the manager drops it, and keeps the new one."""
    with socket.create_server(("127.0.0.1", 0)) as kept:
        port = kept.getsockname()[1]
        answer = listen_as_activated(kept, "127.0.0.2", 0)

    assert answer["port"] != port
    assert manager.recv(1000) == b"FDSTOREREMOVE=1\nFDNAME=joblet-listener"
    assert manager.recv(1000).startswith(b"FDSTORE=1\n")


def test_sockets_for_another_process_are_left_alone() -> None:
    """LISTEN_PID names whom they are for; a child that inherits the variables is not meant."""
    with socket.create_server(("127.0.0.1", 0)) as kept:
        answer = listen_as_activated(kept, "127.0.0.1", 0, pid=str(os.getpid()))

    assert answer["variables"] == []
    assert answer["fd"] != 3
