"""Uploads that do not come to their end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from joblet import Client, JobSpec, JobStatus
from joblet.errors import (
    ServerUnavailableError,
)
from joblet.files.entry import Entry
from joblet.testing.daemon import Daemon, running_daemon
from support.proxy import proxying
from support.uploading import (
    JOB,
    files,
    upload,
    uploads,
    wait_no_uploads,
    wait_uploading,
)

pytestmark = pytest.mark.isolation


async def test_a_client_that_goes(daemon: Daemon, client: Client, large: Path) -> None:
    """Nothing stays, no job was started, and the same start works afterwards."""
    spec = JobSpec("stat", ("-c", "%s", "large"), key="again")
    before = await client.list()

    async with Client(daemon.node()) as gone:
        upload = asyncio.create_task(gone.start(spec, files=large))
        await wait_uploading(daemon)
        upload.cancel()
        await asyncio.wait([upload])
    await wait_no_uploads(daemon)

    assert await client.list() == before
    job = await client.start(spec, files=large)
    assert (await client.wait(job.id)).status is JobStatus.COMPLETED


async def test_a_lost_connection(daemon: Daemon, client: Client, large: Path) -> None:
    """All of it is sent again by itself, and one job is started."""
    async with proxying(daemon.address) as proxy:
        node = replace(daemon.node(), address=proxy.address)
        async with Client(node) as behind:
            before = await behind.list()
            upload = asyncio.create_task(behind.start(JobSpec("cksum", ("large",)), files=large))
            await wait_uploading(daemon)
            proxy.cut()
            job = await upload

    assert (await client.wait(job.id)).status is JobStatus.COMPLETED
    assert len(await client.list()) == len(before) + 1
    assert proxy.connections == 2


async def test_a_daemon_that_is_killed(tmp_path: Path, large: Path) -> None:
    """The next one removes what is left, has no job of it, and takes the upload when it comes again."""
    folder = tmp_path / "daemon"
    folder.mkdir()
    with running_daemon(folder) as first:
        async with Client(first.node(), patience_seconds=0) as client:
            await client.list()
            upload = asyncio.create_task(client.start(JobSpec("true"), files=large))
            await wait_uploading(first)
            first.kill()
            await asyncio.wait([upload])
            assert upload.exception() is not None
        assert uploads(first) != []
    with running_daemon(folder, authority=first.authority) as second:
        async with Client(second.node()) as client:
            await wait_no_uploads(second)
            assert await client.list() == []
            job = await client.start(JobSpec("true"), files=large)
            assert (await client.wait(job.id)).status is JobStatus.COMPLETED


async def test_a_daemon_that_stops(tmp_path: Path) -> None:
    """A drain ends uploads too, and leaves nothing."""
    with running_daemon(tmp_path, settings={"grpc": {"drainTimeout": "100ms"}}) as daemon:
        half = [JOB, files(Entry(b"file"), b"content")]
        task = asyncio.create_task(upload(daemon, *half, falls_silent=True))
        await wait_uploading(daemon)

        assert await asyncio.to_thread(daemon.stop) == 0
        with pytest.raises(ServerUnavailableError, match="the server is shutting down"):
            await task
        assert uploads(daemon) == []
