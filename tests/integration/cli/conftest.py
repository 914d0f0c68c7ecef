"""An `rnx` that is set up to call the server end that runs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet.config import Node
from support.programs import Program, write_rnx_config


@pytest.fixture
def rnx(tmp_path: Path, node: Node) -> Program:
    """`rnx` in a folder with an rnx-config.yml."""
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": node})
    return Program("rnx", tmp_path)
