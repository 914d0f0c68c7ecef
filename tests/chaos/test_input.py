"""A hundred megabytes of input, while the daemon is killed and the network fails: each byte is given once."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from joblet import Client, JobSpec, JobStatus
from support.places import output_of
from support.proxy import proxying
from support.restarting import restarting_daemon

pytestmark = [pytest.mark.isolation, pytest.mark.slow, pytest.mark.timeout(600)]

SEED = int(os.environ.get("JOBLET_CHAOS_SEED", str(random.randrange(2**32))))
BLOCK_BYTES = 100_000
BLOCKS = 1000
TROUBLES = 12


class Source:
    """Input that only the seed knows, and where there is to be trouble in it."""

    def __init__(self, numbers: random.Random) -> None:
        self.sum = hashlib.sha256()
        self.trouble: asyncio.Queue[None] = asyncio.Queue()
        self._numbers = numbers
        self._troubles = set(numbers.sample(range(20, BLOCKS - 20), TROUBLES))

    async def blocks(self) -> AsyncIterator[bytes]:
        for number in range(BLOCKS):
            if number in self._troubles:
                self.trouble.put_nowait(None)
            block = self._numbers.randbytes(BLOCK_BYTES)
            self.sum.update(block)
            yield block


async def test_a_hundred_megabytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through kills of the daemon and cuts of the connection, the job's sum is that of what was sent."""
    with capsys.disabled():
        print(f"\nchaos seed {SEED}")
    source = Source(random.Random(SEED))
    with restarting_daemon(tmp_path) as daemon:
        async with (
            proxying(daemon.node().address) as proxy,
            Client(replace(daemon.node(), address=proxy.address)) as client,
        ):
            job = await client.start(JobSpec("sha256sum", stdin=True))
            writing = asyncio.create_task(client.write_input(job.id, source.blocks()))
            for number in range(TROUBLES):
                await source.trouble.get()
                if number % 3:
                    await daemon.kill_and_start()
                else:
                    proxy.cut()

            await writing
            ended = await client.wait(job.id)
            assert (await output_of(client, job.id)).decode() == f"{source.sum.hexdigest()}  -\n"
    assert ended.status is JobStatus.COMPLETED
    assert proxy.connections > TROUBLES
