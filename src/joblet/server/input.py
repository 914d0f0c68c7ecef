"""WriteInput: passes what a client sends on to the job, and what the job has taken back to the client.

Nothing is kept here: the client keeps what is not taken, and the shim says how
much is. A client that sends more than the job takes waits, as the connection
to the shim does.
"""

from __future__ import annotations

from grpclib.server import Stream

from joblet.errors import InvalidRequestError
from joblet.feeding import BLOCK_BYTES, first_of
from joblet.runner.input import JobInput
from joblet.runner.supervisor import JobRunner
from joblet.server.calls import receive, send_output
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.values import terminal_from_message

InputStream = Stream[pb.InputReq, pb.InputRes]


async def write_input(stream: InputStream, runner: JobRunner, *, slow_seconds: float) -> None:
    """Serve one call, until the job takes no more or the client ends it."""
    request = await receive(stream)
    async with runner.open_input(request.id) as job_input:
        await first_of(tell_progress(stream, job_input, slow_seconds), pass_on(stream, job_input))


async def tell_progress(stream: InputStream, job_input: JobInput, slow_seconds: float) -> None:
    """Answer for each progress, and return once the client has heard that the job takes no more."""
    is_closed = False
    while not is_closed:
        progress = await job_input.progress()
        is_closed = progress.is_closed
        answer = pb.InputRes(taken=progress.taken, closed=is_closed)
        await send_output(stream, answer, timeout_seconds=slow_seconds)


async def pass_on(stream: InputStream, job_input: JobInput) -> None:
    """Send everything to the job, and return when the client ends its side."""
    async for request in stream:
        if request.HasField("terminal"):
            await job_input.send_size(terminal_from_message(request.terminal))
        if request.offset < 0:
            raise InvalidRequestError(f"offset must not be negative (got {request.offset})")
        for start in range(0, len(request.payload), BLOCK_BYTES):
            block = request.payload[start : start + BLOCK_BYTES]
            await job_input.send_content(request.offset + start, block)
        if request.end:
            await job_input.send_end(request.offset + len(request.payload))
