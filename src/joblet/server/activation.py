"""Listening sockets that outlive the daemon, kept by the service manager: sd_listen_fds(3) by itself.

A socket that is closed with the daemon refuses whoever calls during a restart.
So a daemon gives the manager a copy of its socket to keep ("FDSTORE=1" of
sd_notify(3)), and the next one is started with it; until then the kernel
completes connections into the socket's backlog, where they wait. The manager
closes it when the service is stopped for good. A socket of a `.socket` unit
arrives in the same way, and stays that unit's.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, MutableMapping

from joblet.server.notify import notify

FIRST_FD = 3
"""SD_LISTEN_FDS_START."""

NAME = "joblet-listener"
"""What the manager calls the socket that we gave it."""


def inherited_sockets(environment: MutableMapping[str, str]) -> Iterator[tuple[str, socket.socket]]:
    """Yield the sockets that the manager has passed to this process, with their names; but once.

    The variables are removed, so that nobody takes them for their own, and the
    files are not passed on.
    """
    pid, count, names = (
        environment.pop(f"LISTEN_{name}", default)
        for name, default in (("PID", ""), ("FDS", "0"), ("FDNAMES", ""))
    )
    if pid != str(os.getpid()):
        return
    for position, fd in enumerate(range(FIRST_FD, FIRST_FD + int(count))):
        os.set_inheritable(fd, False)
        yield names.split(":")[position] if names else "", socket.socket(fileno=fd)


def keep(listening: socket.socket) -> None:
    """Have the manager keep a copy of a listening socket for the next daemon, if there is a manager."""
    notify(f"FDSTORE=1\nFDNAME={NAME}", [listening.fileno()])


def drop_kept() -> None:
    """Have the manager close what it was given to keep: it is of no use any more."""
    notify(f"FDSTOREREMOVE=1\nFDNAME={NAME}")
