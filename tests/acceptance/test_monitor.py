"""`rnx monitor` and `rnx stats` in a real terminal, with real jobs: what a person sees."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.job import Job, JobSpec
from joblet.limits import Limits
from joblet.testing.daemon import Daemon
from support.programs import Program, write_rnx_config
from support.proxy import proxying
from support.terminal import CTRL_C, Terminal, in_terminal

pytestmark = pytest.mark.isolation

BURNS = """
import time
kept = bytearray(64 * 1048576)
while True:
    began = time.monotonic()
    print("x" * 9999, flush=True)
    while time.monotonic() - began < 0.1: pass
"""


@pytest.fixture
async def burner(client: Client) -> AsyncIterator[Job]:
    """A job that uses half a core, 64 MiB and 100 kB of output a second."""
    spec = JobSpec("/usr/bin/python3", ("-c", BURNS), Limits(cpu_percent=50, memory_mb=128), name="burner")
    job = await client.start(spec)
    yield job
    await client.stop(job.id)


def fits(terminal: Terminal, columns: int) -> bool:
    return max(map(len, terminal.lines())) <= columns


@pytest.mark.usefixtures("burner")
class TestWatch:
    """On the terminal's other screen."""

    async def test_it_is_drawn_in_place(self, rnx: Program) -> None:
        """Each frame is drawn over the last; Ctrl-C gives the screen back, as it was."""
        async with in_terminal(rnx, "monitor", "watch", "--interval=1") as terminal:
            await terminal.wait_until(
                lambda: any("burner" in line and "50." in line for line in terminal.lines()), "the job"
            )
            await terminal.wait_until(lambda: terminal.written.count(b"\x1b[H") >= 3, "three frames")
            assert terminal.lines()[1].startswith("CPU ")
            assert any(line.startswith(" RECEIVED") or "RECEIVED" in line for line in terminal.lines())
            assert fits(terminal, 80)
            terminal.press(CTRL_C)

            assert await terminal.exit_code() == 130
        assert terminal.written.startswith(b"\x1b[?1049h\x1b[?25l")
        assert terminal.written.endswith(b"\x1b[?25h\x1b[?1049l")
        assert b"\x1b[2J" not in terminal.written
        assert b"Traceback" not in terminal.written

    async def test_a_small_window(self, rnx: Program, burner: Job) -> None:
        """In 24 columns and 12 lines the page is cut to them, and the job is still there."""
        async with in_terminal(rnx, "monitor", "watch", "--interval=1", columns=24, lines=12) as terminal:
            await terminal.wait_shown(f"{burner.id}  ")
            await terminal.wait_until(lambda: terminal.written.count(b"\x1b[H") >= 2, "two frames")

            assert fits(terminal, 24)
            # Nothing has scrolled: the first line is the page's.
            assert terminal.lines()[0].startswith("20")

    async def test_a_connection_that_is_lost(self, daemon: Daemon, tmp_path: Path) -> None:
        """The next frame comes over the next connection."""
        async with proxying(daemon.address) as proxy:
            node = replace(daemon.node(), address=proxy.address)
            write_rnx_config(tmp_path / "rnx-config.yml", {"default": node})
            async with in_terminal(Program("rnx", tmp_path), "monitor", "watch", "--interval=1") as terminal:
                await terminal.wait_shown("burner")
                frames = terminal.written.count(b"\x1b[H")
                proxy.cut()
                await terminal.wait_until(lambda: terminal.written.count(b"\x1b[H") >= frames + 2, "two more")

            assert proxy.connections == 2

    async def test_a_window_that_changes(self, rnx: Program) -> None:
        """The page is drawn anew as soon as the size changes, however long the interval is."""
        async with in_terminal(rnx, "monitor", "watch", "--interval=1h") as terminal:
            await terminal.wait_shown("COMMAND")
            terminal.resize(40, 20)
            await terminal.wait_until(lambda: terminal.written.count(b"\x1b[H") >= 2, "another frame")

            assert fits(terminal, 40)


async def test_top_sees_the_job(rnx: Program, burner: Job) -> None:
    """What a job uses is in `monitor top`, as JSON and in a terminal that is 24 columns wide."""
    system = json.loads((await rnx.run("monitor", "top", "--json", "--interval=2")).out)
    async with in_terminal(rnx, "monitor", "top", columns=24) as terminal:
        assert await terminal.exit_code() == 0

    (job,) = [each for each in system["jobs"] if each["id"] == burner.id]
    assert 25 < job["cpuPercent"] < 60
    assert 64 << 20 < job["memoryBytes"] < 100 << 20
    assert 30_000 < job["outputRate"] < 150_000
    processes = system["processes"]["topByCPU"]
    process = next(each for each in processes if "kept = bytearray" in each["command"])
    assert process["user"] == "nobody"
    assert fits(terminal, 24)


@pytest.mark.parametrize("columns", [24, 80])
async def test_the_stats_of_a_job(rnx: Program, burner: Job, client: Client, columns: int) -> None:
    """CPU and memory are plotted within the terminal's width."""
    while len(await client.stats(burner.id)) < 4:
        await client.system()  # which takes a while: there is no event for a sample
    async with in_terminal(rnx, "stats", burner.id, columns=columns, lines=40) as terminal:
        assert await terminal.exit_code() == 0

    shown = terminal.lines()
    assert any(line.startswith("CPU:") for line in shown)
    assert any(line.startswith("Memory:") for line in shown)
    assert sum("└" in line for line in shown) == 2
    assert fits(terminal, columns)
