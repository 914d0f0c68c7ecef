"""A client that says what it likes, to a real daemon."""

from __future__ import annotations

import asyncio

import pytest

from joblet import Client, JobSpec, JobStatus
from joblet.errors import (
    InvalidFileError,
    InvalidRequestError,
    SlowClientError,
    TooManyJobsError,
    WorkspaceTooLargeError,
)
from joblet.files.entry import Entry, Kind
from joblet.testing.daemon import Daemon
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.pieces import to_messages
from support.hostile import HOSTILE
from support.uploading import (
    COMPLETE,
    JOB,
    MAX_WORKSPACE_BYTES,
    files,
    upload,
    uploads,
    wait_until,
)

pytestmark = pytest.mark.isolation


@pytest.mark.parametrize("pieces", HOSTILE)
async def test_hostile_pieces(daemon: Daemon, client: Client, pieces: str) -> None:
    """Each is refused with what was wrong; nothing is written outside, nothing stays, there is no job."""
    before = await client.list()
    there = set(daemon.folder.rglob("*"))
    sent, why = HOSTILE[pieces]

    with pytest.raises(InvalidFileError, match=why):
        await upload(daemon, JOB, files(Entry(b"first", Kind.FOLDER), *sent), COMPLETE)

    assert set(daemon.folder.rglob("*")) <= there
    assert await client.list() == before


async def test_all_in_one_message(daemon: Daemon, client: Client) -> None:
    """A client may put job, files and their end into the first message."""
    message = pb.UploadReq(job=pb.RunJobReq(command="cat", args=["file"]), complete=True)
    message.pieces.extend(to_messages([Entry(b"file"), b"content"]))

    answer = await upload(daemon, message)

    assert (await client.wait(answer.id)).status is JobStatus.COMPLETED


async def test_it_ends_before_it_is_complete(daemon: Daemon, client: Client) -> None:
    """Half an upload is no job."""
    before = await client.list()

    with pytest.raises(InvalidRequestError, match=r"^the upload ends before it is complete$"):
        await upload(daemon, JOB, files(Entry(b"file"), b"content"))

    assert uploads(daemon) == []
    assert await client.list() == before


@pytest.mark.usefixtures("client")
async def test_a_client_that_falls_silent_is_cut(daemon: Daemon) -> None:
    """Its place is free again after slowClientTimeout, and what it sent is gone."""
    silent = upload(daemon, JOB, files(Entry(b"file"), b"content"), falls_silent=True)

    with pytest.raises(SlowClientError) as caught:
        await silent

    assert str(caught.value) == "client too slow: nothing was sent for 1 s; send it again"
    assert uploads(daemon) == []


@pytest.mark.usefixtures("client")
async def test_more_than_was_announced(daemon: Daemon) -> None:
    """The quota counts what comes, whatever was said before."""
    job = pb.UploadReq(job=pb.RunJobReq(command="true"), contentBytes=1)
    content = [files(bytes(65536))] * (MAX_WORKSPACE_BYTES // 65536 + 1)

    with pytest.raises(WorkspaceTooLargeError):
        await upload(daemon, job, files(Entry(b"file")), *content, falls_silent=True)

    assert uploads(daemon) == []


async def test_uploads_take_the_places_of_jobs(daemon: Daemon, client: Client) -> None:
    """Who uploads will run: there are no more uploads at once than there may be jobs."""
    half = [JOB, files(Entry(b"file"), b"content")]
    tasks = [asyncio.create_task(upload(daemon, *half, falls_silent=True)) for _ in range(3)]
    await wait_until(lambda: len(uploads(daemon)) == 2 * len(tasks))

    with pytest.raises(TooManyJobsError):
        await client.start(JobSpec("true"))

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
