"""A WriteInput call as a connection to a job's input."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from grpclib.client import Stream
from grpclib.exceptions import StreamTerminatedError

from joblet.feeding import Progress
from joblet.job import Terminal
from joblet.wire.convert import terminal_to_message
from joblet.wire.generated import joblet_pb2 as pb


class InputCall:
    """One call, an `InputConnection`; `receive` returns the stream's next answer, None at its end."""

    def __init__(
        self, stream: Stream[pb.InputReq, pb.InputRes], receive: Callable[[], Awaitable[pb.InputRes | None]]
    ) -> None:
        self._stream = stream
        self._receive = receive

    async def progress(self) -> Progress:
        """Return the next progress that the server tells.

        Raises:
            StreamTerminatedError: the server has ended the call; its status says why.

        """
        answer = await self._receive()
        if answer is None:
            raise StreamTerminatedError("the server ended the input of a job that takes more")
        if answer.closed:
            await self._stream.end()
        return Progress(answer.taken, is_closed=answer.closed)

    async def send_content(self, offset: int, content: bytes) -> None:
        """See `InputConnection`."""
        await self._stream.send_message(pb.InputReq(payload=content, offset=offset))

    async def send_end(self, offset: int) -> None:
        """See `InputConnection`."""
        await self._stream.send_message(pb.InputReq(offset=offset, end=True))

    async def send_size(self, size: Terminal) -> None:
        """See `InputConnection`."""
        await self._stream.send_message(pb.InputReq(terminal=terminal_to_message(size)))
