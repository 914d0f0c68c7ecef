"""The service manager hears from the daemon."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

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
