"""Files in and out as a person uses them; and what it costs, which does not grow with what is carried."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from joblet.client import Client
from joblet.testing.daemon import Daemon, running_daemon
from support.folders import once_empty
from support.programs import Program, write_rnx_config
from support.terminal import CTRL_C, in_terminal

pytestmark = pytest.mark.isolation

MIB = 1 << 20
FILES = 20_000
LARGE_BYTES = 300 * MIB
GROWTH_BYTES = 24 * MIB
"""Room for what the allocator keeps and the event loop has at hand; what is carried is twelve times that."""


@pytest.fixture
def project(rnx: Program) -> Path:
    """A script and its input."""
    project = rnx.folder / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "input").write_text("3\n1\n2\n")
    (project / "script").write_text(
        "#!/bin/sh\nset -e\nmkdir results\nsort data/input | tee results/sorted\n"
    )
    (project / "script").chmod(0o755)
    return project


async def test_there_and_back(rnx: Program, client: Client, project: Path) -> None:
    """A script goes, runs on its input, and its result comes back; a pipe gets the job's output alone."""
    ran = await rnx.run("run", "--wait", "--upload-dir=project", "./script")
    job = (await client.list())[-1]
    downloaded = await rnx.run("download", job.id, "results/sorted", "-o", "out")

    assert (ran.code, ran.out, ran.err) == (0, b"1\n2\n3\n", "")
    assert (downloaded.code, downloaded.err) == (0, "")
    assert (rnx.folder / "out" / "results" / "sorted").read_text() == "1\n2\n3\n"


async def test_single_files(rnx: Program, project: Path) -> None:
    """Each lands in /work by its name; the exit code is the job's."""
    words = ["--upload=project/script", "--upload", "project/data/input"]
    ran = await rnx.run("run", "--wait", *words, "sh", "-c", "ls; exit 42")

    assert (ran.code, ran.out) == (42, b"input\nscript\n")


async def test_ctrl_c_ends_an_upload(rnx: Program, client: Client, daemon: Daemon) -> None:
    """Progress is seen, in however narrow a terminal; Ctrl-C leaves no job, and nothing of the files."""
    before = await client.list()
    (rnx.folder / "large").touch()
    os.truncate(rnx.folder / "large", 20 << 30)

    async with in_terminal(rnx, "run", "--wait", "--upload=large", "true", columns=24) as terminal:
        await terminal.wait_shown("Uploading  0%")
        terminal.press(CTRL_C)
        assert await terminal.exit_code() == 130

    async with asyncio.timeout(30):
        await once_empty(daemon.folder / "state" / "uploads")
    assert await client.list() == before


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 MB in one file, and twenty thousand files."""
    large = tmp_path_factory.mktemp("large")
    with (large / "file").open("wb") as file:
        for _ in range(LARGE_BYTES // MIB):
            file.write(os.urandom(MIB))
    for number in range(FILES):
        if number % 1000 == 0:
            folder = large / f"{number}"
            folder.mkdir()
        (folder / f"{number}").write_text(f"{number}")
    return large


@pytest.fixture
def fresh_daemon(tmp_path: Path) -> Iterator[Daemon]:
    folder = tmp_path / "daemon"
    folder.mkdir()
    with running_daemon(folder) as daemon:
        yield daemon


def memory_bytes(status: str) -> int:
    """Return the most memory that a process has had (proc_pid_status(5))."""
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


class Peaks(NamedTuple):
    """The most memory that both ends of a call had."""

    daemon: int
    rnx: int


MEASURED = """
import sys
from pathlib import Path
from joblet.cli.main import rnx
from joblet.cli.program import exit_code
code = exit_code(rnx, sys.argv[1:])
print(Path("/proc/self/status").read_text())
sys.exit(code)
"""


async def peak_of_rnx(folder: Path, *words: str) -> int:
    """Run rnx, and return the most memory that it had: by its own word, for getrusage(2) counts ours too."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MEASURED, *words), cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return memory_bytes(out.decode())


async def run_diff(folder: Path, other: Path) -> None:
    """Check that two folders have the same in them."""
    diff = await asyncio.create_subprocess_exec("diff", "-r", folder, other)
    assert await diff.wait() == 0


async def peaks_of(daemon: Daemon, folder: Path, *words: str) -> Peaks:
    """Run rnx, and return what it cost."""
    process = Path(f"/proc/{daemon.process.pid}")
    (process / "clear_refs").write_text("5")  # forget the peak so far: proc_pid_clear_refs(5)
    rnx = await peak_of_rnx(folder, *words)
    return Peaks(memory_bytes((process / "status").read_text()), rnx)


@pytest.mark.slow
async def test_memory_does_not_grow(fresh_daemon: Daemon, large: Path, tmp_path: Path) -> None:
    """300 MB and 20,000 files, in and out, cost daemon and client hardly more than one small file."""
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": fresh_daemon.node()})
    (tmp_path / "small").write_text("small")

    peaks = [
        await peaks_of(fresh_daemon, tmp_path, *words.split())
        for words in (
            "run --upload=small true",
            "download 1 -o small-out",
            f"run --upload-dir={large} true",
            "download 2 -o large-out",
        )
    ]

    small_up, small_down, large_up, large_down = peaks
    growths = [
        after - before
        for more, less in ((large_up, small_up), (large_down, small_down))
        for after, before in zip(more, less, strict=True)
    ]
    assert max(growths) < GROWTH_BYTES, peaks
    print(peaks)
    await run_diff(tmp_path / "large-out", large)
    async with Client(fresh_daemon.node()) as client:
        assert [job.spec.command for job in await client.list()] == ["true", "true"]
