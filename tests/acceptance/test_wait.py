"""`rnx run --wait` as a person uses it: exit codes, output, Ctrl-C in a terminal, a lost connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.job import Job, JobStatus
from joblet.testing.daemon import Daemon, running_daemon
from support.programs import SCRIPTS, Program, write_rnx_config
from support.proxy import proxying

pytestmark = pytest.mark.isolation

SLOW_TO_STOP = "trap 'echo stopping' TERM; echo ready; while :; do sleep 0.1; done"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as daemon:
        yield daemon


@pytest.fixture
def rnx(daemon: Daemon, tmp_path: Path) -> Program:
    write_rnx_config(tmp_path / "rnx-config.yml", {"default": daemon.node()})
    return Program("rnx", tmp_path)


@pytest.fixture
async def client(daemon: Daemon) -> AsyncIterator[Client]:
    async with Client(daemon.node()) as client:
        yield client


async def newest(client: Client) -> Job:
    return (await client.list())[-1]


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("exit 0", 0, ""),
        ("exit 1", 1, ""),
        ("exit 42", 42, ""),
        ("kill -9 $$", 128 + 9, "SIGKILL (9) ended the command; the job itself or the host sent it."),
        ("kill -15 $$", 128 + 15, "SIGTERM (15) ended the command; the job itself or the host sent it."),
    ],
)
async def test_the_exit_code_is_the_job_s(rnx: Program, script: str, code: int, said: str) -> None:
    """A job's code is rnx's, and a signal is 128 + its number, with a word on it."""
    outcome = await rnx.run("run", "--wait", "sh", "-c", f"echo out; echo err >&2; {script}")

    assert (outcome.code, outcome.out) == (code, b"out\nerr\n")
    assert outcome.err.partition(": ")[2].strip() == said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["no-such-program"], 127),
        (["/etc/passwd"], 126),
        (["ls;reboot"], 125),
        (["--max-cpu=-1", "true"], 125),
        (["--timeout=100ms", "sleep", "600"], 128 + 15),
    ],
)
async def test_what_does_not_run_to_its_end(rnx: Program, words: list[str], code: int) -> None:
    """What was not found, could not be executed, was refused or timed out has the code of a shell."""
    outcome = await rnx.run("run", "-w", *words)

    assert outcome.code == code
    assert outcome.err.count("\n") == 1


async def test_no_server(rnx: Program) -> None:
    """A server that is not there is no exit code of a job."""
    assert (await rnx.run("--server=localhost:1", "run", "--wait", "true")).code == 125
    assert (await rnx.run("wait", "999")).code == 125


async def test_output_is_that_of_the_local_command(rnx: Program) -> None:
    """Through a pipe, the bytes are the same as here."""
    script = "seq 1 50000; head -c 300000 /dev/zero; printf 'no newline'"
    local = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    expected, _ = await local.communicate()

    assert (await rnx.run("run", "--wait", "sh", "-c", script)).out == expected


async def test_a_reader_that_leaves_ends_the_job(rnx: Program, client: Client) -> None:
    """`rnx run --wait yes | head` leaves no `yes` behind."""
    read_fd, write_fd = os.pipe()
    process = await rnx.start("run", "--wait", "yes", stdout=write_fd)
    os.close(write_fd)
    os.read(read_fd, 2)
    os.close(read_fd)
    await process.communicate()

    assert process.returncode == 141
    assert (await newest(client)).status is JobStatus.STOPPED


async def test_a_lost_connection_is_not_noticed(daemon: Daemon, tmp_path: Path) -> None:
    """Output and exit code come through a network that fails again and again."""
    async with proxying(daemon.address) as proxy:
        write_rnx_config(
            tmp_path / "rnx-config.yml", {"default": replace(daemon.node(), address=proxy.address)}
        )
        proxy.cut_after([40_000, 20_000, 5_000, 60_000])
        outcome = await Program("rnx", tmp_path).run("run", "--wait", "sh", "-c", "seq 1 50000; exit 7")

    assert (outcome.code, outcome.err) == (7, "")
    assert outcome.out == b"".join(b"%d\n" % number for number in range(1, 50001))
    assert proxy.connections > 4


class Terminal:
    """A program in a terminal of its own, and what it has shown."""

    def __init__(self, pid: int, fd: int) -> None:
        self.fd = fd
        self.shown = b""
        self._pid = pid

    async def wait_shown(self, text: bytes) -> None:
        """Return once this has been shown."""
        while text not in self.shown:
            block = await asyncio.to_thread(self._read)
            assert block, self.shown
            self.shown += block

    def press_ctrl_c(self) -> None:
        os.write(self.fd, b"\x03")

    async def exit_code(self) -> int:
        """Return the program's exit code, once it has ended."""
        while block := await asyncio.to_thread(self._read):
            self.shown += block
        _, status = await asyncio.to_thread(os.waitpid, self._pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bytes:
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            return os.read(self.fd, 4096)
        return b""


@contextlib.contextmanager
def in_terminal(rnx: Program, *arguments: str) -> Iterator[Terminal]:
    """Run rnx in a terminal while the block does."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(rnx.folder)
        os.execv(SCRIPTS / "rnx", ["rnx", *arguments])
    try:
        yield Terminal(pid, fd)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        os.close(fd)


class TestCtrlC:
    """In a terminal."""

    async def test_once(self, rnx: Program, client: Client) -> None:
        """The job is asked to stop, and rnx ends as the job does."""
        with in_terminal(rnx, "run", "--wait", "sh", "-c", "echo ready; exec sleep 600") as terminal:
            await terminal.wait_shown(b"ready\r\n")
            terminal.press_ctrl_c()

            assert await terminal.exit_code() == 128 + 15
        assert b"Ctrl-C again kills it" in terminal.shown
        assert (await newest(client)).status is JobStatus.STOPPED

    async def test_twice(self, rnx: Program, client: Client) -> None:
        """A job that does not stop is killed, though it has an hour to stop."""
        words = ["run", "--stop-grace=1h", "--wait", "sh", "-c", SLOW_TO_STOP]
        with in_terminal(rnx, *words) as terminal:
            await terminal.wait_shown(b"ready\r\n")
            terminal.press_ctrl_c()
            await terminal.wait_shown(b"stopping\r\n")
            terminal.press_ctrl_c()

            assert await terminal.exit_code() == 128 + 9
        assert (await newest(client)).status is JobStatus.STOPPED

    async def test_detached(self, rnx: Program, client: Client) -> None:
        """With --detach-on-interrupt the job runs on."""
        words = ["run", "-w", "--detach-on-interrupt", "sh", "-c", "echo ready; exec sleep 600"]
        with in_terminal(rnx, *words) as terminal:
            await terminal.wait_shown(b"ready\r\n")
            terminal.press_ctrl_c()

            assert await terminal.exit_code() == 130
        job = await newest(client)
        assert job.status is JobStatus.RUNNING
        await client.stop(job.id, force=True)


async def test_wait_and_rm(rnx: Program, client: Client) -> None:
    """`rnx wait` shows how each ended, and ends as the first that failed; `rnx rm` removes them."""
    ids = []
    for script in ("exit 0", "sleep 0.5; exit 3", "exit 4"):
        await rnx.run("run", "sh", "-c", script)
        ids.append((await newest(client)).id)

    outcome = await rnx.run("wait", *ids)

    first, second, third = ids
    assert outcome.code == 3
    assert outcome.out.decode() == (
        f"{first} COMPLETED ExitCode: 0\n{second} FAILED ExitCode: 3\n{third} FAILED ExitCode: 4\n"
    )
    assert (await rnx.run("wait", first)).code == 0
    refused = await rnx.run("rm", first, "999")
    assert (refused.code, refused.err) == (1, "Error: job not found: 999\n")
    assert (
        await rnx.run("rm", first, second)
    ).out.decode() == f"Job removed: {first}\nJob removed: {second}\n"
    assert (await rnx.run("status", first)).err == f"Error: job not found: {first}\n"
