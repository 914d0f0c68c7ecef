"""The API as two unrelated clients see it: one test, each client.

A call takes and gives dictionaries, as JSON would have them; bytes are base64.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpclib.client import Channel
from grpclib.exceptions import GRPCError

from joblet.config import Node
from joblet.wire.channel import ServerChannel
from joblet.wire.generated import joblet_pb2
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.tls import client_context

Fields = dict[str, Any]
LINE_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass
class RefusedError(Exception):
    """The call's status is not OK."""

    code: str
    message: str


class Api(Protocol):
    """A client of the API."""

    async def call(self, method: str, **request: Any) -> list[Fields]:
        """Return all answers to a call, or raise RefusedError."""


async def one(api: Api, method: str, **request: Any) -> Fields:
    """Return the one answer to a call."""
    (answer,) = await api.call(method, **request)
    return answer


async def log_of(api: Api, job_id: str, **request: Any) -> bytes:
    """Return a job's output, to its end."""
    chunks = await api.call("GetJobLogs", id=job_id, **request)
    return b"".join(base64.b64decode(chunk["payload"]) for chunk in chunks)


class OurApi:
    """The generated grpclib stubs, our extensions included."""

    def __init__(self, channel: Channel) -> None:
        self._stub = JobletServiceStub(channel)

    async def call(self, method: str, **request: Any) -> list[Fields]:
        """Return all answers to a call."""
        try:
            answer = await getattr(self._stub, method)(message_of(method, request))
        except GRPCError as error:
            raise RefusedError(error.status.name, str(error.message)) from error
        return [as_fields(a) for a in (answer if isinstance(answer, list) else [answer])]

    async def first(self, method: str, **request: Any) -> Fields:
        """Return the first answer to a call, and leave it."""
        async with getattr(self._stub, method).open() as stream:
            await stream.send_message(message_of(method, request), end=True)
            answer = as_fields(await stream.recv_message())
            await stream.cancel()
        return answer


def message_of(method: str, request: Fields) -> Message:
    """Return the request message of a method."""
    descriptor = joblet_pb2.DESCRIPTOR.services_by_name["JobletService"].methods_by_name[method]
    return ParseDict(request, GetMessageClass(descriptor.input_type)())


def as_fields(message: Message) -> Fields:
    """Return a message's fields, those with their default value too."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)


class GrpcioApi:
    """`grpcio_client.py`, at the other end of two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self, method: str, **request: Any) -> list[Fields]:
        """Return all answers to a call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"method": method, "request": request}).encode() + b"\n")
        await self._process.stdin.drain()
        result = json.loads(await self._process.stdout.readline())
        if "code" in result:
            raise RefusedError(result["code"], result["message"])
        answers: list[Fields] = result["answers"]
        return answers


@contextlib.asynccontextmanager
async def our_api(node: Node, _folder: Path) -> AsyncIterator[OurApi]:
    """Yield our stubs, connected to a node."""
    channel = ServerChannel(node.address, client_context(node.tls))
    try:
        yield OurApi(channel)
    finally:
        await channel.aclose()


@contextlib.asynccontextmanager
async def grpcio_api(node: Node, folder: Path) -> AsyncIterator[Api]:
    """Yield a grpcio client, connected to a node."""
    tls_path = folder / "tls.json"
    tls_path.write_text(json.dumps({"cert": node.tls.cert, "key": node.tls.key, "ca": node.tls.ca}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, Path(__file__).with_name("grpcio_client.py"), folder, node.address, tls_path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT_BYTES,
    )
    try:
        yield GrpcioApi(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
