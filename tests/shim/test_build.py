"""The shim's build: freestanding where that is tested, with the host's libc elsewhere, never in silence."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[2] / "shim" / "build.sh"
OF_A_LIBC = b"__libc_start_main"
"""Where glibc begins, linked statically or not."""

pytestmark = [
    pytest.mark.skipif(not BUILD.exists(), reason="there are no sources here to build"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the shim is freestanding on x86_64 only"),
]


def build(folder: Path, compiler: str) -> tuple[Path, str]:
    """Build the shim with a script for a compiler; return it, and what was said on stderr."""
    script = folder / "compiler"
    script.write_text(f"#!/bin/sh\n{compiler}\n")
    script.chmod(0o755)
    done = subprocess.run(
        ["sh", BUILD, folder / "shim"],
        env={**os.environ, "CC": str(script)},
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / "shim", done.stderr


def exit_code_without_arguments(shim: Path) -> int:
    """Run the shim as nobody should, which shows that it runs."""
    return subprocess.run([shim], capture_output=True, check=False).returncode


def test_it_is_freestanding_here(tmp_path: Path) -> None:
    """What this host's compiler makes on x86_64 has no libc in it, and nothing is to be said."""
    shim, said = build(tmp_path, 'exec cc "$@"')

    assert OF_A_LIBC not in shim.read_bytes()
    assert (exit_code_without_arguments(shim), said) == (2, "")


def test_another_architecture_gets_the_libc(tmp_path: Path) -> None:
    """Where the freestanding start is not ported to, nobody tries."""
    shim, said = build(tmp_path, '[ "$1" = -dumpmachine ] && echo riscv64-linux-gnu || exec cc "$@"')

    assert OF_A_LIBC in shim.read_bytes()
    assert (exit_code_without_arguments(shim), said) == (2, "")


def test_a_compiler_that_cannot_is_told_of(tmp_path: Path) -> None:
    """The shim is built all the same, and the price of it is said."""
    shim, said = build(tmp_path, 'case " $* " in *" -nostdlib "*) exit 1 ;; esac\nexec cc "$@"')

    assert OF_A_LIBC in shim.read_bytes()
    assert exit_code_without_arguments(shim) == 2
    assert "cannot build it freestanding" in said
