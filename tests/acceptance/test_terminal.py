"""`rnx` in a real terminal: what a person presses, and sees."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.errors import JobNotRunningError
from joblet.job import Job, JobSpec, JobStatus
from joblet.limits import Limits
from joblet.testing.daemon import Daemon
from support.programs import Program, write_rnx_config
from support.proxy import proxying
from support.terminal import CLEAR_LINE, CTRL_C, ENTER, TAB, Terminal, in_terminal

pytestmark = pytest.mark.isolation

LARGE_BYTES = 300 << 20
MEDIUM_BYTES = 128 << 20
SLEEPER = "echo ready; exec sleep 600"
SLOW_TO_STOP = "trap 'echo stopping' TERM; echo ready; while :; do sleep 0.1; done"


def waiting(rnx: Program, script: str, *flags: str, lines: int = 24) -> AbstractAsyncContextManager[Terminal]:
    """Run a shell's script as a job that is waited for."""
    return in_terminal(rnx, "run", "--wait", *flags, "sh", "-c", script, lines=lines)


async def newest(client: Client) -> Job:
    return (await client.list())[-1]


class TestCtrlC:
    """While a job is waited for."""

    async def test_once(self, rnx: Program, client: Client) -> None:
        """The job is asked to stop, and rnx ends as the job does."""
        async with waiting(rnx, SLEEPER) as terminal:
            await terminal.wait_shown("ready")
            terminal.press(CTRL_C)

            assert await terminal.exit_code() == 128 + 15
        assert terminal.lines()[1:] == [
            "ready",
            f"^CStopping job {(job := await newest(client)).id}; Ctrl-C again kills it.",
            f"Job {job.id}: It was stopped by tester.",
        ]
        assert job.status is JobStatus.STOPPED

    async def test_twice(self, rnx: Program, client: Client) -> None:
        """A job that does not stop is killed, though it has an hour to stop."""
        async with waiting(rnx, SLOW_TO_STOP, "--stop-grace=1h") as terminal:
            await terminal.wait_shown("ready")
            terminal.press(CTRL_C)
            await terminal.wait_shown("stopping")
            terminal.press(CTRL_C)

            assert await terminal.exit_code() == 128 + 9
        assert (await newest(client)).status is JobStatus.STOPPED

    async def test_thrice(self, rnx: Program, client: Client, daemon: Daemon) -> None:
        """Whoever presses it a third time is let go, whatever the server does; here it does nothing."""
        async with waiting(rnx, SLEEPER) as terminal:
            await terminal.wait_shown("ready")
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                for said in ("Ctrl-C again kills it", "Ctrl-C again leaves it"):
                    terminal.press(CTRL_C)
                    await terminal.wait_shown(said)
                terminal.press(CTRL_C)

                assert await terminal.exit_code() == 130
            finally:
                daemon.process.send_signal(signal.SIGCONT)
        with suppress(JobNotRunningError):  # the server may yet hear of the first two, or not
            await client.stop((await newest(client)).id, force=True)

    async def test_detached(self, rnx: Program, client: Client) -> None:
        """With --detach-on-interrupt the job runs on."""
        async with waiting(rnx, SLEEPER, "--detach-on-interrupt") as terminal:
            await terminal.wait_shown("ready")
            terminal.press(CTRL_C)

            assert await terminal.exit_code() == 130
        job = await newest(client)
        assert job.status is JobStatus.RUNNING
        await client.stop(job.id, force=True)


async def test_a_lost_connection_is_not_seen(daemon: Daemon, tmp_path: Path) -> None:
    """Lines that stream while the network fails are all shown, in order, once, and nothing else is."""
    async with proxying(daemon.address) as proxy:
        write_rnx_config(
            tmp_path / "rnx-config.yml", {"default": replace(daemon.node(), address=proxy.address)}
        )
        script = "for n in $(seq 40); do echo line $n; sleep 0.05; done"
        async with waiting(Program("rnx", tmp_path), script, lines=50) as terminal:
            for number in (5, 15, 25):
                await terminal.wait_shown(f"line {number}")
                proxy.cut()
            assert await terminal.exit_code() == 0

    assert terminal.lines()[1:] == [f"line {number}" for number in range(1, 41)]
    assert proxy.connections > 1


async def test_a_log_while_the_size_changes(rnx: Program, client: Client) -> None:
    """A terminal that grows smaller under a follower of a log shows the rest of it all the same."""
    job = await client.start(JobSpec("sh", ("-c", "for n in $(seq 30); do echo $n; sleep 0.05; done")))
    async with in_terminal(rnx, "log", "-f", job.id) as terminal:
        await terminal.wait_shown("5")
        terminal.resize(24, 6)

        assert await terminal.exit_code() == 0
    assert terminal.lines()[-5:] == ["26", "27", "28", "29", "30"]


async def test_an_upload(rnx: Program) -> None:
    """While a file is on its way a line says how far it is, and nothing of it is left when the job writes."""
    with (rnx.folder / "large").open("wb") as file:
        file.truncate(LARGE_BYTES)
    async with waiting(rnx, "stat -c %s large", "--upload=large") as terminal:
        await terminal.wait_shown("Uploading")
        assert "MiB/s" in str(terminal)

        assert await terminal.exit_code() == 0
    started, size = terminal.lines()
    assert started.startswith("Job ")
    assert size == str(LARGE_BYTES)


async def test_a_download(rnx: Program, client: Client) -> None:
    """While files come a line says so, however narrow the terminal; in the end a line says what came."""
    job = await client.start(JobSpec("truncate", ("-s", str(MEDIUM_BYTES), "large")))
    await client.wait(job.id)
    async with in_terminal(rnx, "download", job.id, "-o", "here", columns=24) as terminal:
        await terminal.wait_written(b"Downloading")
        assert await terminal.exit_code() == 0

    assert "".join(terminal.lines()).startswith("Downloaded to here:")
    assert (rnx.folder / "here" / "large").stat().st_size == MEDIUM_BYTES


async def test_an_explanation(rnx: Program, client: Client) -> None:
    """Why a job was killed, and what to try, can be read in 24 columns."""
    limits = Limits(memory_mb=16)
    job = await client.start(JobSpec("python3", ("-c", "b'.' * (1 << 30)"), limits=limits))
    await client.wait(job.id)
    async with in_terminal(rnx, "explain", job.id, columns=24) as terminal:
        assert await terminal.exit_code() == 0

    shown = "".join(f"{line:24}" for line in terminal.lines())  # the terminal broke them where they were full
    assert "it needed more memory than its 16 MB" in shown
    assert "--max-memory" in shown


class TestTable:
    """`rnx list --output table`, which fits the terminal."""

    @pytest.fixture
    async def listed(self, client: Client) -> AsyncIterator[list[Job]]:
        """Three jobs: one that failed, one that ended well, one that runs; all of them are removed again."""
        await client.remove([job.id for job in await client.list()])
        for spec in (JobSpec("sh", ("-c", "exit 3")), JobSpec("true", name="nightly build")):
            await client.wait((await client.start(spec)).id)
        running = await client.start(JobSpec("sh", ("-c", f"echo; exec sleep 600; : {'x' * 80}")))
        async with aclosing(client.logs(running.id)) as chunks:
            await anext(chunks)
        yield await client.list()
        await client.stop(running.id, force=True)

    async def test_80_columns(self, rnx: Program, listed: list[Job]) -> None:
        """All columns are there, and no line is wider than the terminal; each status has its colour."""
        async with in_terminal(rnx, "list", "--output", "table") as terminal:
            assert await terminal.exit_code() == 0

        heading, *rows = terminal.lines()
        assert heading.split() == ["ID", "STATUS", "EXIT", "STARTED", "TOOK", "NAME", "COMMAND"]
        assert len(rows) == len(listed)
        assert rows[-1].endswith("…")
        assert "s ago" in rows[0]
        colours = {row.split()[1]: terminal.colour_of(row.split()[1]) for row in rows}
        assert colours == {"FAILED": "red", "COMPLETED": "green", "RUNNING": "cyan"}

    async def test_24_columns(self, rnx: Program, listed: list[Job]) -> None:
        """What is dear stays: which job, and what it is doing."""
        async with in_terminal(rnx, "list", "--output", "table", columns=24) as terminal:
            assert await terminal.exit_code() == 0

        heading, *rows = terminal.lines()
        assert heading.split() == ["ID", "STATUS", "COMMAND"]
        assert [row.split()[:2] for row in rows] == [[job.id, job.status] for job in listed]

    async def test_no_color(self, rnx: Program, listed: list[Job]) -> None:
        """With NO_COLOR nothing is coloured (https://no-color.org)."""
        plain = replace(rnx, variables={"NO_COLOR": "1"})
        async with in_terminal(plain, "list", "--output", "table") as terminal:
            assert await terminal.exit_code() == 0

        assert b"\x1b" not in terminal.written
        assert len(terminal.lines()) == 1 + len(listed)

    async def test_status_of_one(self, rnx: Program, listed: list[Job]) -> None:
        """The text that the API shows is no table, and is the same in a terminal as in a pipe."""
        async with in_terminal(rnx, "status", listed[0].id) as terminal:
            assert await terminal.exit_code() == 0

        piped = await rnx.run("status", listed[0].id)
        assert "\n".join(terminal.lines()) + "\n" == piped.out.decode()


async def test_completion_in_bash(rnx: Program, client: Client) -> None:
    """A verb is completed by TAB, and where a job is named TAB TAB offers the ids that begin so."""
    ids = [(await client.start(JobSpec("true"))).id for _ in range(2)]
    for job_id in ids:
        await client.wait(job_id)
    bash = Program("/bin/bash", rnx.folder, ("--norc", "--noprofile"), {"PS1": "$ "})
    async with in_terminal(bash) as terminal:
        await terminal.wait_shown("$")
        terminal.press(f'eval "$(rnx completion bash)"; clear{ENTER}')
        await terminal.wait_until(lambda: terminal.lines() == ["$"], "a clear screen")
        terminal.press(f"rnx expl{TAB}")
        await terminal.wait_shown("$ rnx explain")
        terminal.press(TAB * 3)  # the first may find what all ids begin with
        await terminal.wait_until(lambda: set(ids) <= set(" ".join(terminal.lines()).split()), str(ids))
        terminal.press(f"{CLEAR_LINE}rnx explain {ids[-1]}{ENTER}")
        await terminal.wait_shown("The command returned exit code 0.")
        terminal.press(f"exit{ENTER}")

        assert await terminal.exit_code() == 0
