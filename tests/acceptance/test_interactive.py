"""`rnx run -it` and `rnx attach` in a real terminal: a job that feels local."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from joblet import Client, Job, JobStatus
from joblet.testing.daemon import Daemon
from support.host import PATIENCE
from support.programs import Program, write_rnx_config
from support.proxy import Proxy, proxying
from support.restarting import restarting_daemon
from support.terminal import CTRL_C, CTRL_D, ENTER, Terminal, in_terminal

pytestmark = pytest.mark.isolation

CTRL_P, CTRL_Q, CTRL_Z = "\x10", "\x11", "\x1a"
PROMPT = "--> "
BASH = ("env", f"PS1={PROMPT}", "bash", "--norc", "--noprofile", "-i")
PYTHON = "/usr/bin/python3"
WRITE = {"x86_64": 1}.get(os.uname().machine, 64)
"""The number of write(2); asm-generic's elsewhere."""


def interactive(
    rnx: Program, *command: str, columns: int = 80, lines: int = 24
) -> AbstractAsyncContextManager[Terminal]:
    return in_terminal(rnx, "run", "-it", *command, columns=columns, lines=lines)


async def newest(client: Client) -> Job:
    return (await client.list())[-1]


async def enter(terminal: Terminal, line: str) -> None:
    """Type a line at the prompt."""
    await terminal.wait_until(lambda: terminal.lines()[-1].startswith(PROMPT.strip()), "a prompt")
    terminal.press(f"{line}{ENTER}")


async def test_a_shell(rnx: Program) -> None:
    """Job control, Ctrl-Z and Ctrl-C inside, and the shell's exit code."""
    async with interactive(rnx, *BASH) as terminal:
        # What it says is said in front: the keys are its own from then on.
        await enter(terminal, "sh -c 'echo up; exec sleep 600'")
        await terminal.wait_until(lambda: terminal.lines()[-1] == "up")
        terminal.press(CTRL_Z)
        await terminal.wait_shown("[1]+  Stopped")
        await enter(terminal, "fg")
        await terminal.wait_until(lambda: terminal.lines()[-1] == "sh -c 'echo up; exec sleep 600'")
        terminal.press(CTRL_C)
        await enter(terminal, "echo code $?; tty; stty size; echo $TERM")
        await terminal.wait_shown("code 130")
        await terminal.wait_shown("/dev/pts/0")
        await terminal.wait_shown("24 80")
        await terminal.wait_shown("xterm-256color")
        await enter(terminal, "exit 42")

        assert await terminal.exit_code() == 42


async def test_python(rnx: Program) -> None:
    """Arithmetic at its prompt, and Ctrl-D ends it."""
    async with interactive(rnx, PYTHON, "-q") as terminal:
        await terminal.wait_shown(">>>")
        terminal.press(f"6 * 7{ENTER}")
        await terminal.wait_until(lambda: "42" in terminal.lines())
        terminal.press(CTRL_D)

        assert await terminal.exit_code() == 0


async def test_a_new_size(rnx: Program) -> None:
    """The job is told by SIGWINCH, and finds it."""
    script = "trap 'stty size; exit 3' WINCH; stty size; sleep 600 & while :; do wait; done"
    async with interactive(rnx, "bash", "-c", script) as terminal:
        await terminal.wait_shown("24 80")
        terminal.resize(24, 10)
        await terminal.wait_shown("10 24")

        assert await terminal.exit_code() == 3


async def test_twenty_four_columns(rnx: Program, client: Client) -> None:
    """A narrow terminal is the job's as it is, and so are rnx's own words in it."""
    async with interactive(rnx, *BASH, columns=24) as terminal:
        await enter(terminal, "echo 0123456789012345678901234567")
        await terminal.wait_until(lambda: "012345678901234567890123" in terminal.lines())
        assert "4567" in terminal.lines()
        terminal.press(CTRL_P + CTRL_Q)

        assert await terminal.exit_code() == 0
    await client.stop((await newest(client)).id)


async def test_bytes_pass_as_they_are(rnx: Program) -> None:
    """The alternate screen, colours, a bell, bytes that are no text: nothing is touched."""
    shown = b"\x1b[?1049h\x1b[2J\x1b[H\x1b[31mred\x1b[0m\x07\xff\xfe\x80\x1b[?1049l"
    octal = "".join(f"\\{byte:03o}" for byte in shown)
    async with interactive(rnx, "printf", octal) as terminal:
        assert await terminal.exit_code() == 0

    assert terminal.written == shown


def around(rnx: Program, *words: str) -> Program:
    """A shell that tells the terminal's settings before and after rnx."""
    return Program("/bin/sh", rnx.folder, ("-c", 'stty -g; rnx "$@"; echo "code $?"; stty -g', "sh", *words))


def told_settings(terminal: Terminal) -> list[str]:
    return [line for line in terminal.written.decode().split("\r\n") if line.count(":") > 20]


async def test_the_settings_are_put_back(rnx: Program) -> None:
    """A terminal is after a job as it was before."""
    async with in_terminal(around(rnx, "run", "-it", "stty", "-echo"), columns=200) as terminal:
        assert await terminal.exit_code() == 0

    before, after = told_settings(terminal)
    assert before == after
    assert b"code 0\r\n" in terminal.written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_the_settings_are_put_back_after_a_signal(
    rnx: Program, client: Client, number: signal.Signals
) -> None:
    """A signal ends rnx, as it ends others, and leaves the terminal as it was and the job running."""
    async with in_terminal(around(rnx, "run", "-it", *BASH), columns=200) as terminal:
        await enter(terminal, "echo $((40 + 2))")
        await terminal.wait_shown("42")
        os.kill(child_of(terminal._process.pid), number)

        await terminal.wait_written(f"code {128 + number}".encode())
        assert await terminal.exit_code() == 0
    before, after = told_settings(terminal)
    assert before == after
    job = await newest(client)
    assert job.status is JobStatus.RUNNING
    await client.stop(job.id)


async def test_a_terminal_that_nobody_reads(rnx: Program, client: Client) -> None:
    """A signal ends rnx, with the settings put back, though the terminal takes no more of the output."""
    async with in_terminal(around(rnx, "run", "-it", "yes"), columns=200) as terminal:
        await terminal.wait_written(b"y\r\ny\r\n")
        terminal.freeze()
        program = child_of(terminal._process.pid)
        await wait_stuck(program)
        async with ended(program):
            os.kill(program, signal.SIGTERM)

        terminal.thaw()
        await terminal.wait_written(b"code 143")
        assert await terminal.exit_code() == 0
    before, after = told_settings(terminal)
    assert before == after
    await client.stop((await newest(client)).id)


@asynccontextmanager
async def ended(pid: int) -> AsyncIterator[None]:
    """Wait after the block until a process has ended that is somebody else's child."""
    fd, has_ended = os.pidfd_open(pid), asyncio.Event()
    asyncio.get_running_loop().add_reader(fd, has_ended.set)
    try:
        yield
        await asyncio.wait_for(has_ended.wait(), 10 * PATIENCE)
    finally:
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)


async def wait_stuck(pid: int) -> None:
    """Return once a thread of a process writes to its stdout and sleeps; there is no event for that."""
    async with asyncio.timeout(10 * PATIENCE):
        while not any(is_writing(task) for task in Path(f"/proc/{pid}/task").iterdir()):  # noqa: ASYNC110  see above
            await asyncio.sleep(0.01)


def is_writing(task: Path) -> bool:
    """Whether a thread sleeps in write(1, ...): proc_pid_syscall(5)."""
    return (task / "syscall").read_text().startswith(f"{WRITE} 0x1 ")


def child_of(pid: int) -> int:
    """Return the pid of a process's one child."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


async def test_a_terminal_that_is_closed(rnx: Program, client: Client) -> None:
    """A window that is closed ends rnx, and leaves the job running."""
    async with interactive(rnx, *BASH) as terminal:
        await enter(terminal, "echo $((40 + 2))")
        await terminal.wait_shown("42")
        terminal.close()
        hang_up(terminal)
        assert await terminal._process.wait() == 128 + signal.SIGHUP
    job = await newest(client)
    assert job.status is JobStatus.RUNNING
    await client.stop(job.id)


def hang_up(terminal: Terminal) -> None:
    """Close the other end of the terminal; its number is another file's then."""
    with open(os.devnull) as null:
        os.dup2(null.fileno(), terminal._fd)


async def test_leaving_and_coming_back(rnx: Program, client: Client) -> None:
    """Ctrl-P Ctrl-Q leaves the job running; rnx attach is its terminal again, of this size."""
    async with interactive(rnx, *BASH) as terminal:
        await enter(terminal, "echo one; mark=kept")
        await terminal.wait_until(lambda: "one" in terminal.lines())
        terminal.press(CTRL_P)
        terminal.press(CTRL_Q)

        assert await terminal.exit_code() == 0
    job = await newest(client)
    assert terminal.lines()[-1] == f"Left job {job.id}, which runs on: rnx attach {job.id}"
    assert job.status is JobStatus.RUNNING
    async with in_terminal(rnx, "attach", "--tail=1", job.id, columns=60, lines=10) as terminal:
        terminal.press(ENTER)
        await enter(terminal, "echo $mark; stty size")
        await terminal.wait_shown("kept")
        await terminal.wait_shown("10 60")
        await enter(terminal, "exit 5")

        assert await terminal.exit_code() == 5


async def test_ctrl_p_alone_is_the_job_s(rnx: Program) -> None:
    """It is there as soon as the next key is: bash shows its last line."""
    async with interactive(rnx, *BASH) as terminal:
        await enter(terminal, "echo $((20 + 22))")
        await terminal.wait_until(lambda: "42" in terminal.lines())
        terminal.press(f"{CTRL_P}{ENTER}")
        await terminal.wait_until(lambda: terminal.lines().count("42") == 2)
        await enter(terminal, "exit")

        assert await terminal.exit_code() == 0


async def test_somebody_else_attaches(rnx: Program, client: Client) -> None:
    """Whoever was there is told, and is out; the job goes on with the other."""
    async with interactive(rnx, *BASH) as first:
        await enter(first, "echo $((40 + 2))")
        await first.wait_shown("42")
        job = await newest(client)
        async with in_terminal(rnx, "attach", job.id) as second:
            assert await first.exit_code() == 125
            assert first.lines()[-1] == f"Error: input of job {job.id} is written by somebody else now"
            second.press(f"exit 6{ENTER}")

            assert await second.exit_code() == 6


class TestLoss:
    """The connection is lost while a job has the terminal."""

    @pytest.fixture
    def far(self, rnx: Program) -> Program:
        return Program("rnx", rnx.folder, ("--node=far",))

    def through(self, proxy: Proxy, daemon: Daemon, folder: Path) -> None:
        node = replace(daemon.node(), address=proxy.address)
        write_rnx_config(folder / "rnx-config.yml", {"default": daemon.node(), "far": node})

    async def test_it_comes_back(self, far: Program, daemon: Daemon) -> None:
        """It is said, and said again; what was typed meanwhile is the job's, once."""
        async with proxying(daemon.address) as proxy:
            self.through(proxy, daemon, far.folder)
            async with interactive(far, *BASH) as terminal:
                await enter(terminal, "echo $((40 + 2))")
                await terminal.wait_shown("42")
                address, proxy.server = proxy.server, "127.0.0.1:1"
                proxy.cut()
                await terminal.wait_shown(
                    "[rnx: connection lost, reconnecting; Ctrl-C leaves the job running]"
                )
                terminal.press(f"echo while $((50 + 5)){ENTER}")
                proxy.server = address
                await terminal.wait_shown("[rnx: connected again]")
                await terminal.wait_shown("while 55")
                terminal.press(f"exit 8{ENTER}")

                assert await terminal.exit_code() == 8
        assert terminal.written.count(b"while 55") == 1

    async def test_a_server_that_restarts(self, tmp_path: Path) -> None:
        """An upgrade of the server, in the middle of a line, costs no key and no output."""
        with restarting_daemon(tmp_path, {"grpc": {"drainTimeout": "100ms"}}) as server:
            write_rnx_config(tmp_path / "rnx-config.yml", {"default": server.node()})
            async with interactive(Program("rnx", tmp_path), *BASH) as terminal:
                await enter(terminal, "echo $((40 + 2))")
                await terminal.wait_until(lambda: "42" in terminal.lines())
                await terminal.wait_until(lambda: terminal.lines()[-1] == PROMPT.strip())
                terminal.press("exit")
                await terminal.wait_shown(f"{PROMPT}exit")
                assert server.process is not None
                server.process.terminate()
                await asyncio.to_thread(server.process.wait)
                await terminal.wait_shown("connection lost")
                terminal.press(f" 9{ENTER}")
                await asyncio.to_thread(server.start)

                assert await terminal.exit_code() == 9
        assert f"{PROMPT}exit" in terminal.lines()

    async def test_it_does_not_come_back(self, far: Program, daemon: Daemon, client: Client) -> None:
        """Ctrl-C leaves, and it is told how to come back."""
        async with proxying(daemon.address) as proxy:
            self.through(proxy, daemon, far.folder)
            async with interactive(far, *BASH) as terminal:
                await enter(terminal, "echo $((40 + 2))")
                await terminal.wait_shown("42")
                proxy.server = "127.0.0.1:1"
                proxy.cut()
                await terminal.wait_shown("Ctrl-C leaves the job running")
                terminal.press(CTRL_C)

                assert await terminal.exit_code() == 130
        job = await newest(client)
        assert terminal.lines()[-1] == f"Left job {job.id}, which runs on: rnx attach {job.id}"
        await client.stop(job.id)


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["run", "-it", "bash"], 125, "the standard input is not a terminal (--stdin needs none)"),
        (["run", "-t", "--output=json", "bash"], 2, "--output: expected text with --wait"),
        (["run", "-t", "--detach-on-interrupt", "bash"], 2, "--detach-on-interrupt: expected --wait"),
        (["run", "-i", "--key=once", "cat"], 2, "--key: expected no --stdin with it"),
    ],
)
async def test_what_is_refused(rnx: Program, words: list[str], code: int, error: str) -> None:
    """There is no terminal to give, or what is asked for makes no sense with one."""
    outcome = await rnx.run(*words)

    assert outcome.code == code
    assert outcome.err.startswith(f"Error: {error}")


async def test_attaching_without_a_terminal(rnx: Program, client: Client) -> None:
    """A job's terminal is shown in a terminal only; its output can be had all the same."""
    async with interactive(rnx, *BASH) as terminal:
        await enter(terminal, "echo $((40 + 2))")
        await terminal.wait_shown("42")
        job = await newest(client)

        refused = await rnx.run("attach", job.id)

        assert (refused.code, refused.out) == (125, b"")
        assert b"42\r\n" in (await rnx.run("log", "--no-follow", job.id)).out
        status = (await rnx.run("status", job.id)).out.decode()
        assert "\nTerminal: 24x80\n" in status
        await client.stop(job.id)
        assert await terminal.exit_code() == 128 + 9
