"""`job-worker`, as installed, on real jobs: its words, its exit codes, and a person at a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.testing.daemon import Daemon, running_daemon
from support.programs import SCRIPTS, Outcome, Program, write_rnx_config

pytestmark = pytest.mark.isolation

STARTED = re.compile(rb"Job started:\nID: (\d+)\nPid: (\d+)\n")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running:
        yield running


@pytest.fixture
def worker(daemon: Daemon, tmp_path: Path) -> Program:
    """`job-worker` in a folder with the configuration file that `rnx` has."""
    nodes = {"default": daemon.node("admin"), "viewer": daemon.node("viewer")}
    write_rnx_config(tmp_path / "rnx-config.yml", nodes)
    return Program("job-worker", tmp_path)


async def start(worker: Program, *words: str) -> tuple[str, int]:
    """Return the id and the pid of a job that executes."""
    outcome = await worker.run("start", *words)
    found = STARTED.fullmatch(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert found
    return found[1].decode(), int(found[2])


async def test_the_life_of_a_job(worker: Program) -> None:
    """A job is started, read to its end, and looked at."""
    job_id, pid = await start(worker, "sh", "-c", "echo hello; exit 3")

    output = await worker.run("output", job_id)
    status = await worker.run("status", job_id)

    assert output == Outcome(0, b"hello\n", "")
    expected = f"Id: {job_id}\nCommand: sh\nStatus: EXITED\nExitCode: 3\nPid: {pid}\n"
    assert status == Outcome(0, expected.encode(), "")


async def test_stop(worker: Program) -> None:
    """A running job is stopped once; the second stop says why not."""
    job_id, pid = await start(worker, "sleep", "600")

    running = await worker.run("status", job_id)
    stopped = await worker.run("stop", job_id)
    again = await worker.run("stop", job_id)
    ended = await worker.run("status", job_id)

    expected = f"Id: {job_id}\nCommand: sleep\nStatus: RUNNING\nExitCode: 0\nPid: {pid}\n"
    assert running == Outcome(0, expected.encode(), "")
    assert stopped == Outcome(0, f"Job stopped successfully:\nID: {job_id}\n".encode(), "")
    assert again == Outcome(1, b"", f"Error: job is not running: {job_id} (current status: STOPPED)\n")
    assert b"Status: EXITED\nExitCode: -1\n" in ended.out


async def test_the_command_gets_its_words(worker: Program) -> None:
    """What follows the command belongs to it, whatever it looks like."""
    words = ["-x", "--", "", "a b", "*", "$HOME", "ü\n", "--node=9", "--help"]
    job_id, _ = await start(worker, "printf", "[%s]", *words)

    assert (await worker.run("output", job_id)).out == "".join(f"[{word}]" for word in words).encode()


async def test_output_is_text(worker: Program) -> None:
    """Whatever a job writes, what is printed is UTF-8, in any locale."""
    job_id, _ = await start(worker, "printf", r"\303\274 \377 \000")

    ascii_only = replace(worker, variables={"LC_ALL": "C", "PYTHONUTF8": "0"})

    assert (await ascii_only.run("output", job_id)).out == "ü \ufffd \0".encode()


async def test_a_command_that_is_not_there(worker: Program) -> None:
    """The start fails with the reason and the job's id, and the job can be looked at."""
    outcome = await worker.run("start", "no-such-command")

    found = re.fullmatch(
        r"Error: job did not start: (\d+) \(exec: No such file or directory\)\n", outcome.err
    )
    assert (outcome.code, outcome.out) == (1, b"")
    assert found
    status = await worker.run("status", found[1])
    expected = f"Id: {found[1]}\nCommand: no-such-command\nStatus: EXITED\nExitCode: 127\n"
    assert status == Outcome(0, expected.encode(), "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status", "999"], "job not found: 999"),
        (["stop", "999"], "job not found: 999"),
        (["output", "999"], "job not found: 999"),
        (["status", b"\xff"], r"job not found: \udcff"),
        (["start", "ls;reboot"], "invalid command: command contains dangerous characters"),
        (["start", "ls", b"\xff"], "invalid command: argument 1 is not text that UTF-8 can carry"),
        (["--node=viewer", "start", "ls"], "role viewer is not allowed to perform operation run_job"),
        (["--node=viewer", "stop", "1"], "role viewer is not allowed to perform operation stop_job"),
        (["--node=prod", "status", "1"], "rnx-config.yml: no node 'prod' (found default, viewer)"),
        (["--server=127.0.0.1:1", "status", "1"], "cannot reach 127.0.0.1:1: Connection refused"),
    ],
)
async def test_failures(worker: Program, words: list[str | bytes], message: str) -> None:
    """A failure is one line on stderr and exit code 1."""
    assert await worker.run(*words) == Outcome(1, b"", f"Error: {message}\n")


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["start"], ["start", "--max-cpu=1", "ls"], ["stop"], ["output", "1", "2"]]
)
async def test_wrong_usage(worker: Program, words: list[str]) -> None:
    """Wrong usage is one line on stderr that says where help is, and exit code 2."""
    outcome = await worker.run(*words)

    assert (outcome.code, outcome.out) == (2, b"")
    assert outcome.err.startswith("Error: ")
    assert outcome.err.endswith("--help)\n")
    assert outcome.err.count("\n") == 1


async def test_the_variables_of_rnx(worker: Program, daemon: Daemon, tmp_path: Path) -> None:
    """The API's four variables say everything where there is no configuration file."""
    tls = daemon.node("admin").tls
    bare = tmp_path / "bare"
    bare.mkdir()
    for name, text in (("cert", tls.cert), ("key", tls.key), ("ca", tls.ca)):
        (bare / f"{name}.pem").write_text(text)
    variables = {
        "JOBLET_SERVER": daemon.address,
        "JOBLET_CERT_PATH": "cert.pem",
        "JOBLET_KEY_PATH": "key.pem",
        "JOBLET_CA_PATH": "ca.pem",
    }

    job_id, _ = await start(replace(worker, folder=bare, variables=variables), "true")

    assert (await worker.run("output", job_id)).code == 0


async def test_rnx_and_job_worker_see_the_same_jobs(worker: Program) -> None:
    """A job that one program starts is followed and stopped by the other."""
    rnx = replace(worker, name="rnx")
    of_worker, _ = await start(worker, "sh", "-c", "echo mine; exec sleep 600")
    of_rnx = (await rnx.run("run", "sh", "-c", "echo yours; exec sleep 600")).out.split()[3].decode()

    assert (await rnx.run("stop", of_worker)).code == 0
    assert (await worker.run("stop", of_rnx)).code == 0
    assert (await rnx.run("log", of_worker)).out == b"mine\n"
    assert (await worker.run("output", of_rnx)).out == b"yours\n"


async def test_a_reader_that_has_seen_enough(worker: Program) -> None:
    """`job-worker output | head -1` ends when head does, without a word."""
    job_id, _ = await start(worker, "sh", "-c", "while echo line; do sleep 0.01; done")
    follower = await worker.start("output", job_id)
    assert follower.stdout
    assert await follower.stdout.readline() == b"line\n"

    follower.stdout._transport.close()  # type: ignore[attr-defined]  # the reader's end of the pipe
    assert follower.stderr
    err = await follower.stderr.read()

    assert (await follower.wait(), err) == (141, b"")
    await worker.run("stop", job_id)


async def test_a_person_at_a_terminal(worker: Program) -> None:
    """Output appears on the terminal while the job runs, and Ctrl-C there ends the follower, not the job."""
    job_id, _ = await start(worker, "sh", "-c", "echo started; exec sleep 600")

    code, shown = await asyncio.to_thread(follow_at_terminal, worker, job_id)
    status = await worker.run("status", job_id)
    await worker.run("stop", job_id)

    assert shown.startswith(b"started\r\n")
    assert b"Traceback" not in shown
    assert code == 128 + signal.SIGINT
    assert b"Status: RUNNING" in status.out


def follow_at_terminal(worker: Program, job_id: str) -> tuple[int, bytes]:
    """Run `job-worker output` at a terminal, type Ctrl-C at its first line; return how it ended."""
    terminal_fd, name = open_terminal()
    program = SCRIPTS / worker.name
    pid = os.posix_spawn(
        program,
        [worker.name, "--config", str(worker.folder / "rnx-config.yml"), "output", job_id],
        {"PATH": os.environ["PATH"], "HOME": str(worker.folder)},
        # The first terminal that a session's leader opens is the one that Ctrl-C is typed at.
        file_actions=[(os.POSIX_SPAWN_OPEN, fd, name, os.O_RDWR, 0) for fd in range(3)],
        setsid=True,
    )
    shown = os.read(terminal_fd, 1024)
    os.write(terminal_fd, b"\x03")
    _, status = os.waitpid(pid, 0)
    os.set_blocking(terminal_fd, False)
    try:
        shown += os.read(terminal_fd, 65536)
    finally:
        os.close(terminal_fd)
    return os.waitstatus_to_exitcode(status), shown


def open_terminal() -> tuple[int, str]:
    """Return a new terminal: our end of it, and the path of the other."""
    terminal_fd, other_fd = pty.openpty()
    name = os.ttyname(other_fd)
    os.close(other_fd)
    return terminal_fd, name
