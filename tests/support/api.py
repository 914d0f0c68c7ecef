"""The APIs as three unrelated clients see them: one test, each client.

A call takes and gives dictionaries, as JSON would have them; bytes are base64.
No two RPCs of the services have the same name, so the name is enough.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpclib.client import Channel
from grpclib.exceptions import GRPCError

from joblet.config import Node
from joblet.wire.channel import ServerChannel
from joblet.wire.generated import joblet_pb2, monitoring_pb2, worker_pb2
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.generated.monitoring_grpc import MonitoringServiceStub
from joblet.wire.generated.worker_grpc import WorkerServiceStub
from joblet.wire.tls import client_context
from support.node import CLIENT, modules_path

Fields = dict[str, Any]
LINE_LIMIT_BYTES = 64 * 1024 * 1024
SERVICES = (
    joblet_pb2.DESCRIPTOR.services_by_name["JobletService"],
    worker_pb2.DESCRIPTOR.services_by_name["WorkerService"],
    monitoring_pb2.DESCRIPTOR.services_by_name["MonitoringService"],
)
METHODS = {method.name: method for service in SERVICES for method in service.methods}


@dataclass
class RefusedError(Exception):
    """The call's status is not OK."""

    code: str
    message: str


class Api(Protocol):
    """A client of both APIs."""

    async def call(self, method: str, **request: Any) -> list[Fields]:
        """Return all answers to a call, or raise RefusedError."""

    async def first(self, method: str, **request: Any) -> Fields:
        """Return the first answer to a call, and leave it."""


Connect = Callable[[Node, Path], AbstractAsyncContextManager[Api]]


async def one(api: Api, method: str, **request: Any) -> Fields:
    """Return the one answer to a call."""
    (answer,) = await api.call(method, **request)
    return answer


async def log_of(api: Api, job_id: str, **request: Any) -> bytes:
    """Return a job's output, to its end."""
    chunks = await api.call("GetJobLogs", id=job_id, **request)
    return b"".join(base64.b64decode(chunk["payload"]) for chunk in chunks)


async def text_of(api: Api, job_id: str) -> str:
    """Return a job's output as the second API's text, to its end."""
    return "".join(answer["output"] for answer in await api.call("GetOutput", jobID=job_id))


class OurApi:
    """The generated grpclib stubs, our extensions included."""

    def __init__(self, channel: Channel) -> None:
        stubs = (JobletServiceStub(channel), WorkerServiceStub(channel), MonitoringServiceStub(channel))
        self._methods = {name: method for stub in stubs for name, method in vars(stub).items()}

    async def call(self, method: str, **request: Any) -> list[Fields]:
        """Return all answers to a call."""
        with refusals():
            answer = await self._methods[method](message_of(method, request))
        return [as_fields(a) for a in (answer if isinstance(answer, list) else [answer])]

    async def first(self, method: str, **request: Any) -> Fields:
        """Return the first answer to a call, and leave it."""
        with refusals():
            async with self._methods[method].open() as stream:
                await stream.send_message(message_of(method, request), end=True)
                answer = as_fields(await stream.recv_message())
                await stream.cancel()
        return answer


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Raise RefusedError for a status that is not OK."""
    try:
        yield
    except GRPCError as error:
        raise RefusedError(error.status.name, str(error.message)) from error


def message_of(method: str, request: Fields) -> Message:
    """Return the request message of a method."""
    return ParseDict(request, GetMessageClass(METHODS[method].input_type)())


def as_fields(message: Message) -> Fields:
    """Return a message's fields, those with their default value too."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)


class ProgramApi:
    """A program (`grpcio_client.py`, `grpcjs/client.js`) at the other end of two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self, method: str, **request: Any) -> list[Fields]:
        """Return all answers to a call."""
        return await self._answers(method, request, first_only=False)

    async def first(self, method: str, **request: Any) -> Fields:
        """Return the first answer to a call, and leave it."""
        (answer,) = await self._answers(method, request, first_only=True)
        return answer

    async def _answers(self, method: str, request: Fields, *, first_only: bool) -> list[Fields]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"method": method, "request": request, "firstOnly": first_only})
        self._process.stdin.write(line.encode() + b"\n")
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
    program = Path(__file__).with_name("grpcio_client.py")
    async with program_api(sys.executable, program, folder, node.address, write_tls(node, folder)) as api:
        yield api


@contextlib.asynccontextmanager
async def grpcjs_api(node: Node, folder: Path) -> AsyncIterator[Api]:
    """Yield a Node.js client, connected to a node."""
    async with program_api("node", CLIENT, node.address, write_tls(node, folder)) as api:
        yield api


@contextlib.asynccontextmanager
async def program_api(*command: str | Path) -> AsyncIterator[ProgramApi]:
    """Yield a client that is a program, which ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT_BYTES,
        env={**os.environ, "NODE_PATH": str(modules_path())},
    )
    try:
        yield ProgramApi(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def write_tls(node: Node, folder: Path) -> Path:
    """Write what a client needs for mutual TLS, and return the file's path."""
    path = folder / "tls.json"
    path.write_text(json.dumps({"cert": node.tls.cert, "key": node.tls.key, "ca": node.tls.ca}))
    return path


CLIENTS = [
    pytest.param(our_api, id="grpclib"),
    pytest.param(grpcio_api, id="grpcio"),
    pytest.param(grpcjs_api, id="grpc-js", marks=pytest.mark.node),
]
"""The clients that each test of an API is run with."""
