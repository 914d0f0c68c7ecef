"""`rnx`, as installed, against a real server end: output to the byte, exit codes, and who wins."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.config import Node
from joblet.errors import AccessDeniedError, CgroupError, JobNotRunningError, TooManyJobsError
from joblet.job import Ending, JobSpec, Reason
from joblet.limits import Limits
from joblet.testing.authority import Authority
from support.fakeservice import FakeService, serving
from support.programs import Outcome, Program, write_rnx_config

SCRIPT = JobSpec("python3", ("script.py",), Limits(cpu_percent=50, memory_mb=512))
EXITED = Ending(reason=Reason.EXITED, exit_code=0)


class TestOutput:
    """What is printed is the API's, to the byte."""

    async def test_run(self, rnx: Program) -> None:
        """The example of the API, with the status that the job has by then."""
        outcome = await rnx.run("run", "--max-cpu=50", "--max-memory=512", "python3", "script.py")

        assert outcome == Outcome(
            0,
            b"Job started:\n"
            b"ID: 1\n"
            b"Command: python3 script.py\n"
            b"Status: RUNNING\n"
            b"StartTime: 2024-01-15T10:30:00Z\n"
            b"MaxCPU: 50\n"
            b"MaxMemory: 512\n"
            b"Network: host (shared with system)\n",
            "",
        )

    async def test_status(self, rnx: Program, service: FakeService) -> None:
        """The example of the API, and after it what we know beyond."""
        service.add(SCRIPT)

        outcome = await rnx.run("status", "1")

        assert outcome == Outcome(
            0,
            b"Id: 1\n"
            b"Command: python3 script.py\n"
            b"Status: RUNNING\n"
            b"Started At: 2024-01-15T10:30:00Z\n"
            b"Ended At: \n"
            b"MaxCPU: 50\n"
            b"MaxMemory: 512\n"
            b"MaxIOBPS: 0\n"
            b"ExitCode: 0\n"
            b"Owner: tester\n"
            b"Pid: 7\n",
            "",
        )

    async def test_stop(self, rnx: Program, service: FakeService) -> None:
        """The example of the API."""
        service.add(SCRIPT)

        outcome = await rnx.run("stop", "1")

        assert outcome == Outcome(
            0,
            b"Job stopped successfully:\n"
            b"ID: 1\n"
            b"Status: STOPPED\n"
            b"ExitCode: -1\n"
            b"EndTime: 2024-01-15T10:45:00Z\n",
            "",
        )

    async def test_list(self, rnx: Program, service: FakeService) -> None:
        """The example of the API."""
        service.add(JobSpec("echo", ("hello",)), EXITED)
        service.add(SCRIPT)
        service.add(JobSpec("invalid-command"), Ending(reason=Reason.START_FAILED, exit_code=127))

        outcome = await rnx.run("list")

        assert outcome == Outcome(
            0,
            b"1 COMPLETED StartTime: 2024-01-15T10:30:00Z Command: echo hello\n"
            b"2 RUNNING StartTime: 2024-01-15T10:30:00Z Command: python3 script.py\n"
            b"3 FAILED StartTime: 2024-01-15T10:30:00Z Command: invalid-command\n",
            "",
        )

    async def test_an_empty_list(self, rnx: Program) -> None:
        """No jobs are no lines; that there are none is a hint on stderr."""
        assert await rnx.run("list") == Outcome(0, b"", "No jobs found\n")

    async def test_nodes(self, rnx: Program, node: Node) -> None:
        """Names and addresses, the one that is called marked."""
        write_rnx_config(
            rnx.folder / "rnx-config.yml", {"default": node, "elsewhere": replace(node, address="x:1")}
        )

        assert await rnx.run("nodes") == Outcome(
            0, f"* default    {node.address}\n  elsewhere  x:1\n".encode(), ""
        )
        assert (await rnx.run("--node=elsewhere", "nodes")).out.startswith(b"  default")


@pytest.mark.parametrize(
    ("words", "command", "args"),
    [
        (["ls", "-la", "--color=auto"], "ls", ["-la", "--color=auto"]),
        (["--", "ls", "-la"], "ls", ["-la"]),
        (["ls", "--", "-x"], "ls", ["--", "-x"]),
        (["grep", "--max-cpu=1", "--help", "-h"], "grep", ["--max-cpu=1", "--help", "-h"]),
        (["bash", "-c", "sleep 10 && echo done"], "bash", ["-c", "sleep 10 && echo done"]),
        (["echo", "", " ", "*", "~", "$HOME", "a\nb"], "echo", ["", " ", "*", "~", "$HOME", "a\nb"]),
        (["echo", "ünïcødé", "-"], "echo", ["ünïcødé", "-"]),
        (["--max-iobps", "5", "--", "--odd-name", "1"], "--odd-name", ["1"]),
    ],
)
async def test_the_command_gets_its_words_untouched(
    rnx: Program, service: FakeService, words: list[str], command: str, args: list[str]
) -> None:
    """What follows our flags belongs to the command, whatever it looks like."""
    outcome = await rnx.run("run", *words)

    assert outcome.code == 0
    assert (service.requests[0].command, list(service.requests[0].args)) == (command, args)


async def test_limits_reach_the_server(rnx: Program, service: FakeService) -> None:
    """Each flag is its limit; without one it is 0, "the default"."""
    await rnx.run("run", "--max-cpu=50", "--max-memory", "64", "--max-iobps=1000", "true")
    await rnx.run("run", "true")

    limits = [(request.maxCPU, request.maxMemory, request.maxIOBPS) for request in service.requests]
    assert limits == [(50, 64, 1000), (0, 0, 0)]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["run"],
        ["run", "--max-cpu", "much", "ls"],
        ["run", "--max-cup=1", "ls"],
        ["status"],
        ["status", "1", "2"],
        ["log", "--follow=perhaps", "1"],
        ["list", "--all"],
        ["--server"],
    ],
)
async def test_wrong_usage(rnx: Program, service: FakeService, words: list[str]) -> None:
    """Wrong usage is one line on stderr, exit code 2, and no call."""
    outcome = await rnx.run(*words)

    assert (outcome.code, outcome.out) == (2, b"")
    assert outcome.err.startswith("Error: ")
    assert outcome.err.endswith("--help)\n")
    assert outcome.err.count("\n") == 1
    assert service.requests == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status", "999"], "job not found: 999"),
        (["stop", "999"], "job not found: 999"),
        (["log", "999"], "job not found: 999"),
        (["status", b"\xff"], r"job not found: \udcff"),
        (["run", ""], "invalid command: command is empty"),
        (["run", "ls;reboot"], "invalid command: command contains dangerous characters"),
        (["run", "ls", b"\xff"], "invalid command: argument 1 is not text that UTF-8 can carry"),
        (["--node=prod", "list"], "rnx-config.yml: no node 'prod' (found default)"),
        (["--config=none.yml", "list"], "none.yml: cannot be read: No such file or directory"),
        (
            ["--server=here", "list"],
            "--server: expected host:port, such as localhost:50051 or [::1]:50051, got 'here'",
        ),
    ],
)
async def test_failures(rnx: Program, words: list[str | bytes], message: str) -> None:
    """A failure is one line on stderr, in the API's words, and exit code 1."""
    assert await rnx.run(*words) == Outcome(1, b"", f"Error: {message}\n")


@pytest.mark.parametrize(
    "error",
    [
        AccessDeniedError("viewer", "run_job"),
        JobNotRunningError("1", "COMPLETED"),
        TooManyJobsError(100),
        CgroupError("permission denied"),
    ],
)
async def test_failures_of_the_server(rnx: Program, service: FakeService, error: Exception) -> None:
    """What the server refuses is said in its words."""
    service.error = error  # type: ignore[assignment]  # all of them are JobletErrors

    assert await rnx.run("run", "true") == Outcome(1, b"", f"Error: {error}\n")


async def test_a_server_that_is_down(rnx: Program) -> None:
    """A server that is not there is one line that names the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"

        outcome = await rnx.run("--server", address, "list")

    assert outcome == Outcome(1, b"", f"Error: cannot reach {address}: Connection refused\n")


async def test_an_expired_certificate(tmp_path: Path, service: FakeService, authority: Authority) -> None:
    """A certificate that the server refuses is one line that says why."""
    async with serving(service, authority.server()) as address:
        write_rnx_config(
            tmp_path / "rnx-config.yml", {"default": Node(address=address, tls=authority.expired_client())}
        )
        outcome = await Program("rnx", tmp_path).run("list")

    assert outcome == Outcome(
        1, b"", f"Error: certificate verify failed: certificate has expired ({address})\n"
    )


class TestPrecedence:
    """Flags win over variables, those over the file, and that over the default paths."""

    @pytest.fixture
    def certificates(self, tmp_path: Path, node: Node) -> Path:
        """A folder with the API's default paths in it, and no rnx-config.yml."""
        folder = tmp_path / "bare"
        certs = folder / "certs"
        certs.mkdir(parents=True)
        (certs / "client-cert.pem").write_text(node.tls.cert)
        (certs / "client-key.pem").write_text(node.tls.key)
        (certs / "ca-cert.pem").write_text(node.tls.ca)
        return folder

    async def test_flags(self, tmp_path: Path, certificates: Path, node: Node) -> None:
        """The API's remote example: everything is said on the command line."""
        (tmp_path / "empty").mkdir()
        certs = certificates / "certs"
        outcome = await Program("rnx", tmp_path / "empty").run(
            f"--server={node.address}",
            f"--cert={certs}/client-cert.pem",
            f"--key={certs}/client-key.pem",
            f"--ca={certs}/ca-cert.pem",
            "list",
        )

        assert outcome.code == 0

    async def test_default_paths(self, certificates: Path, node: Node) -> None:
        """Without any file the API's paths are taken, relative to the working directory."""
        outcome = await Program("rnx", certificates).run("--server", node.address, "list")

        assert outcome.code == 0

    async def test_variables(self, tmp_path: Path, certificates: Path, node: Node) -> None:
        """The API's four variables say everything, too."""
        (tmp_path / "empty").mkdir()
        certs = certificates / "certs"
        variables = {
            "JOBLET_SERVER": node.address,
            "JOBLET_CERT_PATH": f"{certs}/client-cert.pem",
            "JOBLET_KEY_PATH": f"{certs}/client-key.pem",
            "JOBLET_CA_PATH": f"{certs}/ca-cert.pem",
        }

        outcome = await Program("rnx", tmp_path / "empty", variables=variables).run("list")

        assert outcome.code == 0

    async def test_a_flag_wins_over_its_variable(self, rnx: Program, node: Node) -> None:
        """`--server` is called, not `$JOBLET_SERVER`."""
        rnx = replace(rnx, variables={"JOBLET_SERVER": "nowhere.invalid:1"})

        assert (await rnx.run("list")).err.startswith("Error: cannot reach nowhere.invalid:1: ")
        assert (await rnx.run("--server", node.address, "list")).code == 0

    async def test_the_variable_names_the_file(self, tmp_path: Path, rnx: Program) -> None:
        """`$RNX_CONFIG` is read instead of the file in the working directory; `--config` wins over it."""
        os.rename(tmp_path / "rnx-config.yml", tmp_path / "mine.yml")
        of_variable = replace(rnx, variables={"RNX_CONFIG": "mine.yml"})

        assert (await of_variable.run("list")).code == 0
        assert "none.yml" in (await of_variable.run("--config=none.yml", "list")).err

    async def test_an_empty_variable_says_nothing(self, rnx: Program) -> None:
        """A variable that is set to nothing is as if it were not set."""
        rnx = replace(rnx, variables={"JOBLET_SERVER": "", "RNX_CONFIG": ""})

        assert (await rnx.run("list")).code == 0
