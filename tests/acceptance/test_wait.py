"""`rnx run --wait` as a person uses it: exit codes, output, a lost connection."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from joblet.client import Client
from joblet.job import Job, JobStatus
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
