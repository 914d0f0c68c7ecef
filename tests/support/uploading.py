"""Uploads as a hostile client makes them, and what they leave on the daemon's disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path

from joblet.files.entry import Piece
from joblet.testing.daemon import Daemon
from joblet.wire.caller import CALL_TIMEOUT_SECONDS, Caller
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.pieces import to_messages
from support.folders import once_empty
from support.host import PATIENCE

MIB = 1 << 20
LOOK_AGAIN_SECONDS = 0.01
MAX_WORKSPACE_BYTES = 30 * MIB

JOB = pb.UploadReq(job=pb.RunJobReq(command="true"))
COMPLETE = pb.UploadReq(complete=True)


def files(*pieces: Piece) -> pb.UploadReq:
    return pb.UploadReq(pieces=to_messages(pieces))


async def upload(daemon: Daemon, *requests: pb.UploadReq, falls_silent: bool = False) -> pb.RunJobRes:
    """Say these things to the daemon, whatever they are; then end the call, or say nothing more."""

    async def said() -> AsyncGenerator[pb.UploadReq, None]:
        for request in requests:
            yield request
        if falls_silent:
            await asyncio.Event().wait()

    caller = Caller(daemon.node(), timeout_seconds=CALL_TIMEOUT_SECONDS, patience_seconds=0)
    stub = JobletServiceStub(caller.open())
    try:
        return await caller.feed_once(stub.RunJobWithFiles, said())
    finally:
        await caller.aclose()


def uploads(daemon: Daemon) -> list[Path]:
    """Return what is below the folder of uploads, at any depth."""
    return list((daemon.folder / "state" / "uploads").rglob("*"))


async def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds: there is no event for what is below a folder, at any depth."""
    async with asyncio.timeout(10 * PATIENCE):
        while not condition():  # noqa: ASYNC110  see above
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def wait_no_uploads(daemon: Daemon) -> None:
    """Return once nothing is being uploaded, nor left of it."""
    async with asyncio.timeout(10 * PATIENCE):
        await once_empty(daemon.folder / "state" / "uploads")


async def wait_uploading(daemon: Daemon) -> None:
    """Return once something of a file was uploaded."""
    await wait_until(lambda: any(size_bytes(path) for path in uploads(daemon)))


def size_bytes(path: Path) -> int:
    """Return the size of a file, 0 of what is none or has gone."""
    with suppress(FileNotFoundError):
        return path.stat().st_size if path.is_file() else 0
    return 0
