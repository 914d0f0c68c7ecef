"""Calls to one server, each failure with its type, and again when the connection was lost.

What `Client` and `WorkerClient` are made of. Not: what may be asked again
harmlessly, which only they know; nor when (`tries.py`), nor the connection
(`channel.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from grpclib.client import (
    ServiceMethod,
    Stream,
    StreamStreamMethod,
    StreamUnaryMethod,
    UnaryStreamMethod,
    UnaryUnaryMethod,
)
from grpclib.exceptions import GRPCError, StreamTerminatedError

from joblet.config import Node
from joblet.errors import DeadlineExceededError, ServerError, ServerUnavailableError
from joblet.wire.channel import ServerChannel
from joblet.wire.status import error_from_status
from joblet.wire.tls import client_context
from joblet.wire.tries import Tries

CALL_TIMEOUT_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
"""Enough for a daemon that restarts, and for most hosts that do."""

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Result = TypeVar("Result")
Receive = Callable[[], Awaitable[Answer | None]]
"""Returns the next answer of a call, None at its end."""


class Caller:
    """Calls one server, between `open` and `aclose`.

    Raises:
        ConfigurationError: the node's certificate and key are not a pair.

    """

    def __init__(self, node: Node, *, timeout_seconds: float, patience_seconds: float) -> None:
        self._node = node
        self._context = client_context(node.tls)
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds
        self._channel: ServerChannel

    def open(self) -> ServerChannel:
        """Return the channel that stubs are made of; it connects at the first call."""
        self._channel = ServerChannel(self._node.address, self._context)
        return self._channel

    @property
    def channel(self) -> ServerChannel:
        """The channel, once there is one."""
        return self._channel

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        await self._channel.aclose()

    def tries(self) -> Tries:
        """Return the tries of a call that may be asked again."""
        return Tries(self._patience_seconds)

    async def call(
        self,
        method: UnaryUnaryMethod[Request, Answer],
        request: Request,
        tries: Tries,
        *,
        has_deadline: bool = True,
    ) -> Answer:
        """Return the answer, asking again when the connection is lost, as long as the tries allow."""
        timeout_seconds = self._timeout_seconds if has_deadline else None
        return await self.again(lambda: self._ask(method, request, timeout_seconds), tries)

    async def again(self, attempt: Callable[[], Awaitable[Result]], tries: Tries) -> Result:
        """Return what an attempt does, made again when the connection is lost, as long as the tries allow."""
        while True:
            try:
                return await attempt()
            except ServerUnavailableError as failure:
                await self._wait_next(tries, failure)

    async def stream(
        self, method: UnaryStreamMethod[Request, Answer], next_request: Callable[[], Request]
    ) -> AsyncGenerator[Answer, None]:
        """Yield the answers to a request, and when the connection is lost, those to the next."""
        tries = self.tries()
        while True:
            try:
                async with aclosing(self.stream_once(method, next_request(), tries.progressed)) as answers:
                    async for answer in answers:
                        yield answer
            except ServerUnavailableError as failure:
                await self._wait_next(tries, failure)
            else:
                return

    async def stream_once(
        self, method: UnaryStreamMethod[Request, Answer], request: Request, heard: Callable[[], None]
    ) -> AsyncGenerator[Answer, None]:
        """Yield the answers to a request; tell when the server has heard it."""
        async with self._opened(method, timeout_seconds=None) as stream:
            await stream.send_message(request, end=True)
            # Our server sends its headers at once: a silent job's log is there before its first byte.
            await stream.recv_initial_metadata()
            heard()
            while (answer := await self._receive(stream)) is not None:
                yield answer

    async def feed_once(
        self, method: StreamUnaryMethod[Request, Answer], requests: AsyncGenerator[Request, None]
    ) -> Answer:
        """Return the answer to all of these requests; raises what making them does.

        The server hears the first one, and says that it will take the others,
        before they are made. It may answer without all of them.

        Raises:
            DeadlineExceededError: it says nothing about the first one in time.

        """
        async with aclosing(requests), self._opened(method, timeout_seconds=None) as stream:
            await stream.send_message(await anext(requests))
            async with asyncio.timeout(self._timeout_seconds):
                await stream.recv_initial_metadata()
            return await self._fed(stream, requests)

    async def _fed(self, stream: Stream[Request, Answer], requests: AsyncGenerator[Request, None]) -> Answer:
        """Return the answer to the requests; if it comes before all of them were sent, send no more."""
        sending = asyncio.create_task(_send_all(stream, requests))
        answered = self._receive(stream)
        receiving = asyncio.create_task(answered)
        try:
            await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            answer = await receiving
            if answer is None:  # a status alone, which grpclib finds where it is, if it is told this
                raise StreamTerminatedError("the call ended without an answer")
            if not sending.done():
                await stream.cancel()
            return answer
        finally:
            sending.cancel()
            receiving.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)

    async def converse(
        self,
        method: StreamStreamMethod[Request, Answer],
        talk: Callable[[Stream[Request, Answer], Receive[Answer]], Awaitable[None]],
        *,
        on_connection: Callable[[bool], None] | None,
    ) -> None:
        """Have a call talked on to its end; when the connection is lost, the next one.

        `on_connection` is told False of a loss, and True of each answer.
        """
        tries = self.tries()

        def tell(is_there: bool) -> None:
            if on_connection:
                on_connection(is_there)

        def heard() -> None:
            tries.progressed()
            tell(True)

        async def attempt() -> None:
            try:
                async with self._opened(method, timeout_seconds=None) as stream:
                    await talk(stream, partial(self._receive_heard, stream, heard))
            except ServerUnavailableError:
                tell(False)
                raise

        await self.again(attempt, tries)

    async def _receive_heard(
        self, stream: Stream[Request, Answer], heard: Callable[[], None]
    ) -> Answer | None:
        answer = await self._receive(stream)
        heard()
        return answer

    async def _receive(self, stream: Stream[Request, Answer]) -> Answer | None:
        """Return the next answer, None at the end.

        grpclib asserts that a message is whole. One that is not was cut by the
        server (it stops, or we were too slow), whose status says why.
        """
        try:
            return await stream.recv_message()
        except AssertionError as error:
            await stream.recv_trailing_metadata()  # raises the status, unless that says that all is well
            raise ServerError(f"{self._node.address} ended a call in the middle of a message") from error

    async def _wait_next(self, tries: Tries, failure: ServerUnavailableError) -> None:
        if not self._channel.was_connected:
            raise failure
        await tries.wait_next(failure)

    async def _ask(
        self, method: UnaryUnaryMethod[Request, Answer], request: Request, timeout_seconds: float | None
    ) -> Answer:
        async with self._opened(method, timeout_seconds=timeout_seconds) as stream:
            await stream.send_message(request, end=True)
            answer = await stream.recv_message()
        if answer is None:
            raise ServerError(f"{self._node.address} ended the call without an answer")
        return answer

    @asynccontextmanager
    async def _opened(
        self, method: ServiceMethod[Request, Answer], *, timeout_seconds: float | None
    ) -> AsyncIterator[Stream[Request, Answer]]:
        """Open a call on a connection, and give every failure of both its type."""
        await self._channel.connect(self._timeout_seconds)
        stream = method.open(timeout=timeout_seconds)
        try:
            async with stream:
                yield stream
        except GRPCError as error:
            raise error_from_status(error.status, error.message, _trailing_metadata(stream)) from error
        except TimeoutError as error:
            why = f"{self._node.address} did not answer within {self._timeout_seconds:g} s"
            raise DeadlineExceededError(why) from error
        except (StreamTerminatedError, OSError) as error:
            raise self._channel.loss() or ServerError(f"{self._node.address}: {error}") from error


async def _send_all(stream: Stream[Request, Any], requests: AsyncGenerator[Request, None]) -> None:
    async for request in requests:
        await stream.send_message(request)
    await stream.end()


def _trailing_metadata(stream: Stream[Any, Any]) -> Mapping[str, object]:
    """Return what came with the status.

    A server that refuses a request before its end resets the stream right
    behind the status; grpclib then takes the status alone from the headers.
    """
    if stream.trailing_metadata is not None:
        return stream.trailing_metadata
    received = stream._stream  # noqa: SLF001  the headers are nowhere else
    return dict(received.trailers or received.headers or ())
