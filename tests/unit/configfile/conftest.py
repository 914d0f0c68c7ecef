"""What the tests of joblet-config.yml start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.serverfile import CA, CERT, KEY


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the PEM files that `SECURITY` names."""
    for name, text in {"server.pem": CERT, "server.key": KEY, "ca.pem": CA}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path
