"""`rnx list` and `rnx status` over a real daemon: the quick way says what the full program says."""

from __future__ import annotations

import sys
from contextlib import aclosing

import pytest

from joblet.client import Client
from joblet.job import JobSpec
from support.programs import Program

pytestmark = pytest.mark.isolation


async def test_the_same_answers(rnx: Program, client: Client) -> None:
    """Jobs that ended in every way, and one that runs, are told the same to the last byte."""
    full = Program(sys.executable, rnx.folder, ("-c", "from joblet.cli.main import main; main()"))
    specs = [
        JobSpec("true", name="named"),
        JobSpec("sh", ("-c", "exit 3")),
        JobSpec("sh", ("-c", "kill -9 $$")),
        JobSpec("no-such-program"),
        JobSpec("printf", ("ü\x1b[31m\n",)),
        JobSpec("sleep", ("600",), timeout_seconds=0.1, stop_grace_seconds=0.1),
    ]
    ids = [(await client.start(spec)).id for spec in specs]
    for job_id in ids:
        await client.wait(job_id)
    running = await client.start(JobSpec("sh", ("-c", "echo; exec sleep 600")))
    async with aclosing(client.logs(running.id)) as chunks:
        await anext(chunks)

    # Not the status of the one that runs: what it has used is another number each time.
    for words in (["list"], *(["status", job_id] for job_id in ids)):
        quick = await rnx.run(*words)
        assert quick.code == 0
        assert quick == await full.run(*words)
    await client.stop(running.id, force=True)
