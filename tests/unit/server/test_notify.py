"""The service manager hears from the daemon."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from joblet.server.notify import READY, notify


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool) -> None:
    """The state arrives on the socket that NOTIFY_SOCKET names, abstract ones (unix(7)) included."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + path if abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + path if abstract else path)

        notify(READY)

        assert manager.recv(100) == b"READY=1"


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that was started by hand has no manager."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    notify(READY)


def test_files_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the manager is to keep arrives with the state, as a file of its own."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open("/dev/null") as kept:
        manager.bind(path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)

        notify("FDSTORE=1", [kept.fileno()])

        state, (fd,), _, _ = socket.recv_fds(manager, 100, 1)
    assert state == b"FDSTORE=1"
    assert os.readlink(f"/proc/self/fd/{fd}") == "/dev/null"
    os.close(fd)


def test_a_manager_that_is_gone_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon logs that it cannot be told, and goes on: it may be stopping because of just that."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    with capture_logs() as logged:
        notify(READY)

    assert [(entry["log_level"], entry["reason"]) for entry in logged] == [
        ("warning", "No such file or directory")
    ]
