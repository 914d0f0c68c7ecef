"""Jobs that do as they please in their folder while root reads it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from joblet import Client, JobSpec, LeftOut
from joblet.errors import (
    JobNotFoundError,
)
from support.places import wait_for_output
from support.running import PYTHON

pytestmark = pytest.mark.isolation


SWAPS = """
import os
os.mkdir("real")
open("real/shadow", "w").write("mine")
open("file", "w").write("mine")
os.symlink("/etc", "away")
print("up", flush=True)
while True:
    os.rename("real", "folder")
    os.symlink("/etc/shadow", "link")
    os.rename("link", "file")
    os.rename("folder", "real")
    os.rename("away", "folder")
    open("link", "w").write("mine")
    os.rename("link", "file")
    os.rename("folder", "away")
"""

GROWS = """
file = open("log", "ab", buffering=0)
file.write(b"x" * 1000)
print("up", flush=True)
while True:
    file.write(b"x" * 65536)
    if file.tell() > 200_000_000:
        file.truncate(0)
"""

NESTS = """
import os
for _ in range(3000):
    os.mkdir("x"); os.chdir("x")
open("bottom", "w")
print("up", flush=True)
"""


async def test_links_that_are_swapped(client: Client, tmp_path: Path) -> None:
    """However often it is tried, nothing of the host is read."""
    job = await client.start(JobSpec(PYTHON, ("-c", SWAPS)))
    await wait_for_output(client, job.id, b"up\n")

    for attempt in range(30):
        out = tmp_path / f"{attempt}"
        await client.download(job.id, out)
        for path in out.rglob("*"):
            assert path.is_dir() or path.read_text() in {"", "mine"}
            assert not path.is_symlink()


async def test_a_file_that_grows_all_the_time(client: Client, tmp_path: Path) -> None:
    """A download has an end."""
    job = await client.start(JobSpec(PYTHON, ("-c", GROWS)))
    await wait_for_output(client, job.id, b"up\n")

    downloaded = await client.download(job.id, tmp_path / "out")

    assert downloaded.left_out == ()
    assert (tmp_path / "out" / "log").stat().st_size == downloaded.content_bytes


async def test_folders_deeper_than_a_path_is_long(client: Client, tmp_path: Path) -> None:
    """What is too deep is told; the rest is there."""
    job = await client.start(JobSpec(PYTHON, ("-c", NESTS)))
    await client.wait(job.id)

    downloaded = await client.download(job.id, tmp_path / "out")
    await client.remove([job.id])

    assert downloaded.entries == 100
    assert downloaded.left_out == (LeftOut(b"/".join([b"x"] * 101), "more than 100 folders deep"),)


async def test_a_fifo(client: Client, tmp_path: Path) -> None:
    """It blocks nobody, asked for by its name or not."""
    job = await client.start(JobSpec("sh", ("-c", "mkfifo fifo; echo up; sleep 600")))
    await wait_for_output(client, job.id, b"up\n")

    for paths in ((), ("fifo",)):
        downloaded = await client.download(job.id, tmp_path / "out", paths)
        assert downloaded.left_out == (LeftOut(b"fifo", "not a file, a folder or a symbolic link"),)


async def test_a_job_that_is_removed_meanwhile(client: Client, large: Path, tmp_path: Path) -> None:
    """What goes while it is read is not said to be all."""
    job = await client.start(JobSpec("true"), files=large)
    await client.wait(job.id)
    removed: list[asyncio.Task[None]] = []

    def remove(_done_bytes: int, _total_bytes: int) -> None:
        if not removed:
            removed.append(asyncio.create_task(client.remove([job.id])))

    with pytest.raises(JobNotFoundError):
        await client.download(job.id, tmp_path / "out", on_progress=remove)
    await removed[0]

    assert list((tmp_path / "out").iterdir()) == []
