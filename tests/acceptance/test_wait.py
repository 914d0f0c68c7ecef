"""`rnx run --wait` as a person uses it: exit codes, output, a lost connection."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.job import Job, JobStatus
from joblet.runner.jobdir import JobDirectory
from joblet.testing.daemon import Daemon
from support.programs import Program, write_rnx_config
from support.proxy import proxying

pytestmark = pytest.mark.isolation


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


async def test_what_is_not_run(rnx: Program, daemon: Daemon) -> None:
    """A server that is not there, a role that may not, and a job that is none are no exit codes of a job."""
    assert (await rnx.run("--server=localhost:1", "run", "--wait", "true")).code == 125
    assert (await rnx.run("wait", "999")).code == 125
    write_rnx_config(rnx.folder / "rnx-config.yml", {"default": daemon.node("viewer")})
    refused = await rnx.run("run", "--wait", "true")

    assert (refused.code, refused.out) == (125, b"")
    assert refused.err == "Error: role viewer is not allowed to perform operation run_job\n"


async def test_a_lost_job(rnx: Program, client: Client, daemon: Daemon) -> None:
    """A job whose end nobody saw has no exit code, neither for who waits nor for who asks later."""
    process = await rnx.start("run", "--wait", "sh", "-c", "echo ready; exec sleep 600")
    assert process.stdout
    await process.stdout.readline()
    job_id = (await newest(client)).id
    shim = JobDirectory(daemon.folder / "state" / "jobs" / job_id).holder()
    assert shim
    os.kill(shim, signal.SIGKILL)

    _, err = await process.communicate()
    assert process.returncode == 125
    assert b"Nobody saw its end" in err
    assert (await rnx.run("wait", job_id)).code == 125


PYTHON = "/usr/bin/python3 -c 'import random, sys; sys.stdout.buffer.write({})'"  # one that a job sees, too


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "printf 'no newline'",
        "seq 1 50000",
        "head -c 300000 /dev/zero",
        r"printf 'a\r\nb\rc\n\r\n\n'",
        r"printf '\377\376\303 \033[31m\a\b'",
        "for n in $(seq 300); do echo $n; echo error $n >&2; done",
        PYTHON.format("bytes(range(256)) * 1000"),
        PYTHON.format("random.Random(1).randbytes(50 << 20)"),
    ],
    ids=["nothing", "no newline", "lines", "NUL", "CR LF", "no UTF-8", "both streams", "every byte", "50 MB"],
)
async def test_output_is_that_of_the_local_command(rnx: Program, script: str) -> None:
    """Through a pipe the bytes are the same as here, with stdout and stderr in the order of writing."""
    local = await asyncio.create_subprocess_exec(
        "sh", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    expected, _ = await local.communicate()
    ran = await rnx.run("run", "--wait", "sh", "-c", script)

    assert ran.out == expected
    assert (ran.code, ran.err) == (0, "")


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
