"""A service that does as it is told: answers with so many bytes, or waits."""

from __future__ import annotations

import asyncio

from grpclib.client import Channel
from grpclib.const import Cardinality, Handler
from grpclib.server import Stream

from joblet.server.calls import receive
from joblet.wire.generated import joblet_pb2 as pb

PATH = "/joblet.JobletService/GetJobLogs"


class Parrot:
    """Answers with as many bytes as it is asked for; counts the calls that wait in it."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most_waiting = 0
        self._changed = asyncio.Condition()
        self.released = asyncio.Event()

    def __mapping__(self) -> dict[str, Handler]:
        return {PATH: Handler(self.answer, Cardinality.UNARY_STREAM, pb.GetJobLogsReq, pb.DataChunk)}

    async def answer(self, stream: Stream[pb.GetJobLogsReq, pb.DataChunk]) -> None:
        """Send `offset` bytes; or, without any, wait to be released."""
        request = await receive(stream)
        if request.offset:
            await stream.send_message(pb.DataChunk(payload=bytes(request.offset)))
            return
        await self._count(1)
        try:
            await self.released.wait()
        finally:
            await self._count(-1)

    async def wait_waiting(self, count: int) -> None:
        """Return once so many calls wait at the same time."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.waiting == count)

    async def _count(self, change: int) -> None:
        async with self._changed:
            self.waiting += change
            self.most_waiting = max(self.waiting, self.most_waiting)
            self._changed.notify_all()


async def ask(channel: Channel, request: pb.GetJobLogsReq) -> pb.DataChunk | None:
    """Call the parrot; return its one answer, if it sends any."""
    stream = channel.request(PATH, Cardinality.UNARY_STREAM, pb.GetJobLogsReq, pb.DataChunk)
    async with stream:
        await stream.send_message(request, end=True)
        return await stream.recv_message()
