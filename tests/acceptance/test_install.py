"""Installs as its users do: from a built wheel, on every Python that is here, with and without a compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
RUNS_A_JOB = """
import asyncio, sys
from pathlib import Path
from joblet import JobRunner, JobSpec, RunnerConfig

async def main():
    async with JobRunner(RunnerConfig(state_dir=Path(sys.argv[1]))) as runner:
        job = await runner.start(JobSpec("echo", ("hello",)))
        print(b"".join([chunk async for chunk in runner.logs(job.id)]).decode(), end="")
        print((await runner.wait(job.id)).status.value)

asyncio.run(main())
"""


def python_of(version: str) -> str | None:
    """Return an interpreter of this version, from the path or as pyenv installs it."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    candidates = [sys.executable, shutil.which(f"python{version}"), *map(str, installed)]
    for candidate in filter(None, candidates):
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return candidate
    return None


def build_wheel(folder: Path, **environment: str) -> Path:
    """Build the wheel of this clone."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT],
        check=True, env={**os.environ, **environment},
    )  # fmt: skip
    (wheel,) = folder.glob("joblet-*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that a Linux host with a compiler builds."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def install(python: str, wheel: Path, folder: Path) -> Path:
    """Make a virtual environment with the wheel in it, and return its programs' folder."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", wheel], check=True)
    return folder / "bin"


@pytest.mark.isolation
@pytest.mark.parametrize("version", PYTHONS)
def test_a_wheel_runs_jobs(wheel: Path, tmp_path: Path, version: str) -> None:
    """The wheel has the shim in it, and everything works from it alone."""
    python = python_of(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    programs = install(python, wheel, tmp_path / "venv")

    ran = subprocess.run(
        [programs / "python", "-c", RUNS_A_JOB, tmp_path / "state"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    for program in ("rnx", "joblet"):
        subprocess.run([programs / program, "--help"], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)

    assert [line for line in ran.stdout.splitlines() if "info" not in line] == ["hello", "COMPLETED"]


def test_without_a_compiler_the_client_installs(tmp_path: Path) -> None:
    """The wheel is pure, and rnx works from it."""
    wheel = build_wheel(tmp_path / "wheels", CC="no-such-compiler")
    names = zipfile.ZipFile(wheel).namelist()
    programs = install(sys.executable, wheel, tmp_path / "venv")

    helped = subprocess.run([programs / "rnx", "--help"], capture_output=True, text=True, check=True)

    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names if "joblet-shim" in name]
    assert "run" in helped.stdout
