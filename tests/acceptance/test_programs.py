"""`joblet init`, `joblet serve` and `rnx` as a newcomer uses them: installed programs, real jobs."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet.testing import daemon as testing
from support.programs import Outcome, Program

HEADER = "Logs for job 1 (Press Ctrl+C to exit if streaming):\n"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
    return port


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder that `joblet init` has filled."""
    address = f"127.0.0.1:{free_port()}"
    made = await Program("joblet", tmp_path).run("init", "--dir", "here", "--address", address)
    assert (made.code, made.err) == (0, "")
    return tmp_path / "here"


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Program]:
    """Yield an `rnx` for the server of this folder, which serves while the block runs."""
    with testing.ready_socket(folder) as ready:
        process = testing.start(folder, folder / "joblet-config.yml")
        try:
            testing.wait_ready(process, ready, folder)
            yield Program("rnx", folder.parent, ("--config", f"{folder}/rnx-config.yml"))
        finally:
            testing.stop(process)
    assert process.returncode == 0


@pytest.fixture
def rnx(folder: Path) -> Iterator[Program]:
    """`rnx` with the configuration that was made, and its server serving."""
    with served(folder) as rnx:
        yield rnx


def lines(outcome: Outcome) -> list[str]:
    """Return what a program printed, with times made comparable."""
    assert (outcome.code, outcome.err.removeprefix(HEADER)) == (0, "")
    return TIME.sub("TIME", outcome.out.decode()).splitlines()


def facts(outcome: Outcome) -> dict[str, str]:
    """Return what `rnx status` says."""
    return dict(line.split(": ", 1) for line in lines(outcome))


async def output_until(process: Process, text: bytes) -> None:
    assert process.stdout
    await process.stdout.readuntil(text)


@pytest.mark.isolation
class TestJobs:
    """What the API's document shows, done."""

    async def test_the_life_of_a_job(self, rnx: Program) -> None:
        """A job is started, followed, looked at and listed in the API's words."""
        started = await rnx.run("run", "--max-cpu=50", "--max-memory=64", "echo", "-n", "hello  world")
        log = await rnx.run("log", "1")
        status = lines(await rnx.run("status", "1"))
        listed = lines(await rnx.run("list"))

        assert lines(started)[:3] == ["Job started:", "ID: 1", "Command: echo -n hello  world"]
        assert lines(started)[3] in {"Status: INITIALIZING", "Status: RUNNING"}
        assert lines(started)[4:] == [
            "StartTime: TIME",
            "MaxCPU: 50",
            "MaxMemory: 64",
            "Network: host (shared with system)",
        ]
        assert log == Outcome(0, b"hello  world", HEADER)
        assert status[:9] == [
            "Id: 1",
            "Command: echo -n hello  world",
            "Status: COMPLETED",
            "Started At: TIME",
            "Ended At: TIME",
            "MaxCPU: 50",
            "MaxMemory: 64",
            "MaxIOBPS: 0",
            "ExitCode: 0",
        ]
        assert listed == ["1 COMPLETED StartTime: TIME Command: echo -n hello  world"]

    async def test_the_command_gets_its_words(self, rnx: Program) -> None:
        """Arguments reach the command as they were typed, through every layer."""
        words = ["-x", "--", "", "a b", "*", "$HOME", "ü\n", "--max-cpu=9"]
        await rnx.run("run", "printf", "[%s]", *words)

        assert (await rnx.run("log", "1")).out == "".join(f"[{word}]" for word in words).encode()

    async def test_a_shell_where_one_is_asked_for(self, rnx: Program) -> None:
        """The API's own example of a shell command."""
        await rnx.run("run", "bash", "-c", "true && echo done; exit 3")

        assert (await rnx.run("log", "1")).out == b"done\n"
        assert (facts(await rnx.run("status", "1"))["ExitCode"]) == "3"

    async def test_stop(self, rnx: Program) -> None:
        """A running job is stopped once; the second stop says why not."""
        await rnx.run("run", "sleep", "1000")

        stopped = await rnx.run("stop", "1")
        again = await rnx.run("stop", "1")

        assert lines(stopped) == [
            "Job stopped successfully:",
            "ID: 1",
            "Status: STOPPED",
            "ExitCode: -1",
            "EndTime: TIME",
        ]
        assert again == Outcome(1, b"", "Error: job is not running: 1 (current status: STOPPED)\n")
        assert facts(await rnx.run("status", "1"))["Stopped By"] == "admin"

    async def test_a_command_that_is_not_there(self, rnx: Program) -> None:
        """It is accepted, fails, and says why in its log and in its status."""
        assert (await rnx.run("run", "invalid-command")).code == 0

        log = await rnx.run("log", "1")
        status = facts(await rnx.run("status", "1"))

        assert log.out == b"joblet: cannot run invalid-command: No such file or directory\n"
        assert (status["Status"], status["ExitCode"], status["Reason"]) == ("FAILED", "127", "start-failed")

    async def test_a_job_that_exceeds_its_memory(self, rnx: Program) -> None:
        """A memory limit given on the command line kills, and the status says so."""
        await rnx.run("run", "--max-memory=16", "tail", "/dev/zero")
        await rnx.run("log", "1")

        status = facts(await rnx.run("status", "1"))

        assert (status["Status"], status["Reason"], status["MaxMemory"]) == ("FAILED", "oom", "16")

    async def test_following_live_and_leaving(self, rnx: Program) -> None:
        """Output is there while the job runs; Ctrl-C ends the follower, not the job."""
        await rnx.run("run", "sh", "-c", "echo started; exec sleep 1000")
        follower = await rnx.start("log", "-f", "1")
        await output_until(follower, b"started\n")

        follower.send_signal(signal.SIGINT)
        out, err = await follower.communicate()

        assert (follower.returncode, out, err.decode()) == (130, b"", HEADER)
        assert facts(await rnx.run("status", "1"))["Status"] == "RUNNING"
        await rnx.run("stop", "1")

    async def test_a_viewer_sees_and_does_not_act(self, rnx: Program) -> None:
        """The node `viewer` that `joblet init` made may look, and nothing else."""
        await rnx.run("run", "echo", "hello")

        assert (await rnx.run("--node=viewer", "log", "1")).out == b"hello\n"
        assert len(lines(await rnx.run("--node=viewer", "list"))) == 1
        assert await rnx.run("--node=viewer", "run", "ls") == Outcome(
            1, b"", "Error: role viewer is not allowed to perform operation run_job\n"
        )
        assert await rnx.run("--node=viewer", "stop", "1") == Outcome(
            1, b"", "Error: role viewer is not allowed to perform operation stop_job\n"
        )

    async def test_the_files_of_the_api(self, rnx: Program, folder: Path) -> None:
        """The API's flags with the files that `joblet init` made, no rnx-config.yml in sight."""
        address = (await rnx.run("nodes")).out.split()[2].decode()
        bare = Program("rnx", folder)  # its working directory has certs/client-cert.pem and the others
        (folder / "rnx-config.yml").rename(folder / "put-away.yml")

        assert (await bare.run("--server", address, "list")).code == 0
        files = ("--cert=certs/viewer-client-cert.pem", "--key=certs/viewer-client-key.pem")
        assert "role viewer" in (await bare.run("--server", address, *files, "run", "ls")).err

    async def test_a_job_sees_no_key(self, folder: Path) -> None:
        """Not even as root, and where it sees the folder around it, does a job see what init made."""
        shown = folder.parent
        (shown / "shown.txt").write_text("shown")
        with (folder / "joblet-config.yml").open("a") as config:
            folders = ["/usr", "/bin", "/lib", "/lib64", "/etc", str(shown)]
            config.write(f"jobUser: root\nfilesystem: {{readOnly: [{', '.join(folders)}]}}\n")
        with served(folder) as rnx:
            await rnx.run(
                "run", "sh", "-c", f"id -u; cat {shown}/shown.txt; ls -A {folder}; cat {folder}/*.yml"
            )

            out = (await rnx.run("log", "1")).out.decode()

        assert out.startswith("0\nshown")
        assert "PRIVATE KEY" not in out
        assert "No such file or directory" in out or "Permission denied" in out


class TestServe:
    """`joblet serve` says in one line why it does not."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                ("maxConcurrentJobs: 100", "maxConcurrentJobs: many"),
                (
                    "joblet-config.yml:19: joblet.maxConcurrentJobs: "
                    "expected a whole number of at least 1, got 'many'"
                ),
            ),
            (
                ("jobTimeout:", "jobTimeuot:"),
                "joblet-config.yml:20: joblet.jobTimeuot: unknown key; did you mean jobTimeout?",
            ),
            (
                ("certs/server-key.pem", "certs/viewer-client-key.pem"),
                "certificate and key: expected a matching pair",
            ),
        ],
    )
    async def test_a_wrong_configuration(self, folder: Path, change: tuple[str, str], message: str) -> None:
        """A mistake ends it with exit code 1 and one line: file, line, key, what was expected."""
        config = folder / "joblet-config.yml"
        config.write_text(config.read_text().replace(*change))

        outcome = await Program("joblet", folder).run("serve", "--config", "joblet-config.yml")

        assert (outcome.code, outcome.out) == (1, b"")
        assert outcome.err.startswith(f"Error: {message}")
        assert outcome.err.count("\n") == 1

    async def test_the_variable_names_the_configuration(self, tmp_path: Path) -> None:
        """Without `--config` the file that `$JOBLET_CONFIG_PATH` names is read."""
        program = Program("joblet", tmp_path, variables={"JOBLET_CONFIG_PATH": "none.yml"})

        assert await program.run("serve") == Outcome(
            1, b"", "Error: none.yml: cannot be read: No such file or directory\n"
        )

    async def test_wrong_usage(self, tmp_path: Path) -> None:
        """An unknown option is wrong usage: exit code 2."""
        outcome = await Program("joblet", tmp_path).run("serve", "--prot=1")

        assert (outcome.code, outcome.err.count("\n")) == (2, 1)

    async def test_a_port_that_is_taken(self, folder: Path) -> None:
        """An address that cannot be bound is one line that names it."""
        config = folder / "joblet-config.yml"
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            config.write_text(re.sub(r"port: \d+", f"port: {port}", config.read_text()))

            outcome = await Program("joblet", folder).run("serve", "--config", str(config))

        last = outcome.err.splitlines()[-1]
        assert outcome.code == 1
        assert last.startswith("Error: ")
        assert str(port) in last
        assert "Traceback" not in outcome.err
