"""Files over the wire as a client carries them: the whole of it, begun again when the connection is lost.

Not gone on with where it broke off: the files may have changed at either end.
A second loss does not give a transfer more patience: it has made no progress
that lasts, and would else go on for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import aclosing

from grpclib.client import StreamUnaryMethod, UnaryStreamMethod

from joblet.errors import InvalidFileError, ServerError
from joblet.files.local import LocalFiles
from joblet.files.pack import selection_of
from joblet.files.stream import Downloaded, save
from joblet.files.thread import in_thread
from joblet.wire.caller import Caller
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.pieces import OnProgress, downloaded_batches, upload_requests


async def upload(
    caller: Caller,
    method: StreamUnaryMethod[pb.UploadReq, pb.RunJobRes],
    job: pb.RunJobReq,
    files: LocalFiles,
    on_progress: OnProgress,
) -> pb.RunJobRes:
    """Return the answer to a job with files, all of which are looked at before any is sent.

    Raises:
        InvalidFileError, FileAccessError: one of them cannot be carried, or read.
        JobletError: what the server says.

    """
    total = await in_thread(files.survey)

    def attempt() -> Awaitable[pb.RunJobRes]:
        return caller.feed_once(method, upload_requests(job, files, total, on_progress))

    return await caller.again(attempt, caller.tries())


async def download(
    caller: Caller,
    method: UnaryStreamMethod[pb.DownloadReq, pb.FilesChunk],
    request: pb.DownloadReq,
    folder: str,
    on_progress: OnProgress,
) -> Downloaded:
    """Put the files that are asked for into a folder, once all of them have come.

    Raises:
        InvalidFileError: a path in the request is refused.
        FileAccessError: they cannot be written.
        ServerError: the server sends what is refused.
        JobletError: what the server says.

    """
    selection_of(request.paths)  # refused here, so that what is refused below came from the server

    async def attempt() -> Downloaded:
        answers = caller.stream_once(method, request, heard=lambda: None)
        async with aclosing(answers), aclosing(downloaded_batches(answers, on_progress)) as received:
            return await save(received, folder)

    try:
        return await caller.again(attempt, caller.tries())
    except InvalidFileError as error:
        raise ServerError(f"malformed answer: {error}") from error
