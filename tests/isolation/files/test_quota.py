"""How much an upload may bring."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from joblet import Client, JobSpec, JobStatus
from joblet.errors import (
    WorkspaceTooLargeError,
)
from joblet.files.entry import Entry
from joblet.testing.daemon import Daemon
from joblet.wire.generated import joblet_pb2 as pb
from support.uploading import (
    JOB,
    MAX_WORKSPACE_BYTES,
    files,
    upload,
    uploads,
)

pytestmark = pytest.mark.isolation


async def test_too_many_bytes(client: Client, tmp_path: Path) -> None:
    """Both numbers are said, before anything is sent."""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", MAX_WORKSPACE_BYTES)

    with pytest.raises(WorkspaceTooLargeError) as caught:
        await client.start(JobSpec("true"), files=tmp_path / "large")

    assert str(caught.value) == (
        "job creation failed: files exceed maxWorkspaceSize"
        f" (got {MAX_WORKSPACE_BYTES + 1024} bytes, at most {MAX_WORKSPACE_BYTES})"
    )


async def test_as_much_as_there_may_be(client: Client, tmp_path: Path) -> None:
    """The limit itself is within it."""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", MAX_WORKSPACE_BYTES - 1024)

    job = await client.start(JobSpec("true"), files=tmp_path / "large")

    assert (await client.wait(job.id)).status is JobStatus.COMPLETED


@pytest.mark.usefixtures("client")
async def test_empty_files_are_not_free(daemon: Daemon) -> None:
    """Each entry counts for a KiB, announced or not."""
    numbers = range(MAX_WORKSPACE_BYTES // 1024 + 1)
    entries = [Entry(b"%d" % number) for number in numbers]
    messages = [files(*entries[start : start + 1000]) for start in range(0, len(entries), 1000)]

    with pytest.raises(WorkspaceTooLargeError):
        await upload(daemon, pb.UploadReq(job=JOB.job, entries=len(entries)))
    with pytest.raises(WorkspaceTooLargeError):
        await upload(daemon, JOB, *messages, falls_silent=True)

    assert uploads(daemon) == []
