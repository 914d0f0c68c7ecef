"""`rnx run --stdin` and `rnx attach` without a terminal: what comes on stdin is the job's, to its end."""

from __future__ import annotations

import hashlib
import os
import random
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from joblet import Client, JobSpec, JobStatus
from support.places import output_of, wait_for_output
from support.programs import Program
from support.terminal import CTRL_D, ENTER, in_terminal

pytestmark = pytest.mark.isolation


async def test_a_pipe(rnx: Program) -> None:
    """The job reads what the pipe carries, and its end of file."""
    outcome = await rnx.run("run", "-iw", "sort", content=b"b\na\n")

    assert (outcome.code, outcome.out, outcome.err) == (0, b"a\nb\n", "")


async def test_any_size(rnx: Program) -> None:
    """Thirty megabytes of any bytes, there and back."""
    content = random.Random(6).randbytes(30_000_000)

    outcome = await rnx.run("run", "--stdin", "--wait", "cat", content=content)

    assert outcome.code == 0
    assert hashlib.sha256(outcome.out).digest() == hashlib.sha256(content).digest()


async def test_a_file(rnx: Program, tmp_path: Path) -> None:
    """A file is read from where it is open."""
    (tmp_path / "lines").write_bytes(b"one\ntwo\n")
    with (tmp_path / "lines").open("rb", buffering=0) as lines:
        lines.seek(4)
        process = await rnx.start("run", "-iw", "cat", stdin=lines.fileno())
        out, _ = await process.communicate()

    assert (process.returncode, out) == (0, b"two\n")


@pytest.mark.parametrize("redirection", ["</dev/null", "<&-"])
async def test_nothing(rnx: Program, redirection: str) -> None:
    """An empty stdin, and one that is closed, are an end of file at once."""
    shell = Program("/bin/sh", rnx.folder)

    outcome = await shell.run("-c", f"rnx run -iw cat {redirection}")

    assert (outcome.code, outcome.out, outcome.err) == (0, b"", "")


async def test_a_job_that_wants_no_more(rnx: Program) -> None:
    """`yes | rnx run -iw head -n 1` ends when the job does, though there is no end to the input."""
    shell = Program("/bin/sh", rnx.folder)

    outcome = await shell.run("-c", "yes | rnx run -iw head -n 1")

    assert (outcome.code, outcome.out) == (0, b"y\n")


async def test_a_job_that_ends_before_its_input(rnx: Program) -> None:
    """A stdin that nobody writes to, and nobody closes, does not keep rnx."""
    process = await rnx.start("run", "-iw", "sh", "-c", "echo out; exit 3", stdin=PIPE)
    assert process.stdout is not None

    assert await process.stdout.read() == b"out\n"
    assert await process.wait() == 3


async def test_without_waiting(rnx: Program, client: Client) -> None:
    """It shows the job, and ends once that has all of its input; the job goes on."""
    outcome = await rnx.run("run", "-i", "sh", "-c", "cat; sleep 600", content=b"all of it")
    job = (await client.list())[-1]

    assert outcome.code == 0
    assert f"\nID: {job.id}\n" in outcome.out.decode()
    assert "Stdin: yes" in (await rnx.run("status", job.id)).out.decode()
    await wait_for_output(client, job.id, b"all of it")
    await client.stop(job.id)


async def test_lines_that_are_typed(rnx: Program) -> None:
    """A terminal's lines are the job's when Enter is pressed, and Ctrl-D is the end of file."""
    async with in_terminal(rnx, "run", "-iw", "sh", "-c", "echo ready; cat") as terminal:
        await terminal.wait_shown("ready")
        terminal.press(f"typed{ENTER}")
        await terminal.wait_until(lambda: terminal.lines()[2:4] == ["typed", "typed"])
        terminal.press(CTRL_D)

        assert await terminal.exit_code() == 0


class TestAttach:
    """Coming back to a job that has no terminal."""

    async def test_input_and_output(self, rnx: Program, client: Client) -> None:
        """What comes on stdin is its input; output is from now on, and the exit code is its own."""
        job = await client.start(JobSpec("sh", ("-c", "echo before; cat; exit 4"), stdin=True))
        await wait_for_output(client, job.id, b"before\n")

        outcome = await rnx.run("attach", job.id, content=b"after\n")

        assert (outcome.code, outcome.out, outcome.err) == (4, b"after\n", "")

    async def test_output_alone(self, rnx: Program, client: Client) -> None:
        """A job without input is followed, and so is one that is to be sent none; stdin stays unread."""
        for is_fed in (False, True):
            script = "echo one; echo two; read go < /work/go; echo three"
            job = await client.start(JobSpec("sh", ("-c", f"mkfifo /work/go; {script}"), stdin=is_fed))
            await wait_for_output(client, job.id, b"one\ntwo\n")
            process = await rnx.start("attach", "--no-stdin", "--tail=1", job.id, stdin=PIPE)
            assert process.stdout is not None
            assert await process.stdout.readline() == b"two\n"
            await client.stop(job.id)

            assert await process.stdout.read() == b""
            assert await process.wait() == 128 + 15

    async def test_a_job_that_has_ended(self, rnx: Program, client: Client) -> None:
        """There is nothing to come back to."""
        job = await client.start(JobSpec("true"))
        await client.wait(job.id)

        outcome = await rnx.run("attach", job.id)

        error = f"Error: job is not running: {job.id} (current status: COMPLETED)\n"
        assert (outcome.code, outcome.err) == (125, error)
        assert (await rnx.run("attach", "999999")).err == "Error: job not found: 999999\n"

    async def test_the_newest_one_writes(self, rnx: Program, client: Client) -> None:
        """Whoever attached before is told, and goes on to show the output."""
        job = await client.start(JobSpec("cat", stdin=True))
        read_fd, write_fd = os.pipe()
        first = await rnx.start("attach", job.id, stdin=read_fd)
        os.close(read_fd)
        os.write(write_fd, b"first\n")
        await wait_for_output(client, job.id, b"first\n")

        second = await rnx.run("attach", job.id, content=b"second\n")
        out, err = await first.communicate()
        os.close(write_fd)

        assert (second.code, second.out) == (0, b"second\n")
        assert (first.returncode, out) == (0, b"first\nsecond\n")
        assert err.decode() == (
            f"Error: cannot send input to job {job.id}: "
            f"input of job {job.id} is written by somebody else now\n"
        )

    async def test_ctrl_c_leaves(self, rnx: Program, client: Client) -> None:
        """The job runs on."""
        job = await client.start(JobSpec("sh", ("-c", "echo up; exec sleep 600")))
        async with in_terminal(rnx, "attach", "--tail=1", job.id) as terminal:
            await terminal.wait_shown("up")
            terminal.press("\x03")

            assert await terminal.exit_code() == 130
        assert (await client.status(job.id)).status is JobStatus.RUNNING
        await client.stop(job.id)


async def test_ctrl_c_while_it_sends(rnx: Program, client: Client) -> None:
    """Without --wait it leaves; the job runs on, its input open."""
    async with in_terminal(rnx, "run", "-i", "cat") as terminal:
        await terminal.wait_shown("Network: host")
        job = (await client.list())[-1]
        terminal.press(f"part{ENTER}")
        await wait_for_output(client, job.id, b"part\n")
        terminal.press("\x03")

        assert await terminal.exit_code() == 130
    outcome = await rnx.run("attach", "--tail=9", job.id, content=b"rest\n")

    assert (outcome.code, outcome.out) == (0, b"part\nrest\n")
    assert await output_of(client, job.id) == b"part\nrest\n"
