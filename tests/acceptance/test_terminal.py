"""`rnx` in a real terminal: what a person presses, and sees."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest

from joblet.client import Client
from joblet.job import Job, JobStatus
from support.programs import Program
from support.terminal import CTRL_C, Terminal, in_terminal

pytestmark = pytest.mark.isolation

SLEEPER = "echo ready; exec sleep 600"
SLOW_TO_STOP = "trap 'echo stopping' TERM; echo ready; while :; do sleep 0.1; done"


def waiting(rnx: Program, script: str, *flags: str) -> AbstractAsyncContextManager[Terminal]:
    """Run a shell's script as a job that is waited for."""
    return in_terminal(rnx, "run", "--wait", *flags, "sh", "-c", script)


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

    async def test_detached(self, rnx: Program, client: Client) -> None:
        """With --detach-on-interrupt the job runs on."""
        async with waiting(rnx, SLEEPER, "--detach-on-interrupt") as terminal:
            await terminal.wait_shown("ready")
            terminal.press(CTRL_C)

            assert await terminal.exit_code() == 130
        job = await newest(client)
        assert job.status is JobStatus.RUNNING
        await client.stop(job.id, force=True)
