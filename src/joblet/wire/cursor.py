"""Where a reader is in a log: from chunk to chunk, and from one connection to the next.

Pure. A chunk says at which byte of the log it starts. A server without our
extensions does not, and starts at byte 0 whatever it is asked for; then the
chunks are counted, and what has been there is left out.
"""

from __future__ import annotations

from joblet.errors import ServerError
from joblet.wire.generated import joblet_pb2 as pb


class Cursor:
    """One reader's way through one log, each byte once."""

    def __init__(
        self, job_id: str, *, offset: int = 0, follow: bool = True, tail_lines: int | None = None
    ) -> None:
        self._request = pb.GetJobLogsReq(id=job_id, offset=offset, noFollow=not follow, tailLines=tail_lines)
        self._next = 0

    def request(self) -> pb.GetJobLogsReq:
        """Return the request for what is still to come; the answer to it begins."""
        self._next = 0
        return self._request

    def fresh(self, chunk: pb.DataChunk) -> bytes:
        """Return what there is in a chunk that has not been there before.

        Raises:
            ServerError: something between the last chunk and this one is missing,
                or the server does not say where the last lines start.

        """
        start = self._start(chunk)
        wanted = self._request.offset
        if start > wanted:
            raise ServerError(f"the log of job {self._request.id} comes without bytes {wanted} to {start}")
        rest = chunk.payload[wanted - start :]
        self._next = start + len(chunk.payload)
        self._request.offset += len(rest)
        return rest

    def _start(self, chunk: pb.DataChunk) -> int:
        told = chunk.offset if chunk.HasField("offset") else None
        if self._request.HasField("tailLines"):
            if told is None:
                raise ServerError("the server cannot start at the last lines of a log")
            self._request.ClearField("tailLines")
            self._request.offset = told
        return self._next if told is None else told
