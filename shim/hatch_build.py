"""Compiles the shim into a Linux wheel; other platforms get the client half, pure.

A Linux host without a compiler still gets a working client: the wheel is then
pure and `joblet serve` says what is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from sysconfig import get_platform
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShimBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own generic is private
    """Runs `shim/build.sh` and tags the wheel with the platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel's files are collected; the clone itself is served by `make`."""
        compiler = os.environ.get("CC", "cc")
        if version != "standard" or sys.platform != "linux" or shutil.which(compiler) is None:
            return
        root = Path(self.root)
        shim = root / "build/wheel/joblet-shim"
        subprocess.run(["/bin/sh", root / "shim/build.sh", shim], check=True)
        build_data["force_include"][str(shim)] = "joblet/bin/joblet-shim"
        build_data["pure_python"] = False
        platform = get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
