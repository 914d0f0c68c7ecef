"""Tells the service manager that the daemon is ready, or stops: sd_notify(3), without its library.

Best effort: the jobs do not depend on what a service manager knows, so one
that cannot be reached is logged, and the daemon goes on.
"""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Sequence

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger()

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(state: str, fds: Sequence[int] = ()) -> None:
    """Send a state, and open files to keep, to the service manager that started this process, if one did."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # the abstract namespace, unix(7)
        address = "\0" + address[1:]
    files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendmsg([state.encode()], files, 0, address)
    except OSError as error:
        log.warning("cannot tell the service manager", state=state, reason=error.strerror or str(error))
