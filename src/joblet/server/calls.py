"""What every call goes through, whichever service answers it: may it, the log, the status, the drain.

The services themselves raise errors of `joblet.errors` and know nothing of
this. An error that is none of those is a bug of ours: it is logged with its
traceback, and the caller is told nothing but that it happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from h2.exceptions import ProtocolError

from joblet.errors import (
    AccessDeniedError,
    InvalidRequestError,
    JobletError,
    ServerError,
    ServerUnavailableError,
    SlowClientError,
    UnauthenticatedError,
)
from joblet.server.auth import authorize_call, principal_from_certificate
from joblet.server.counted import count_bytes
from joblet.server.meter import Meter
from joblet.wire.status import status_of, text_of

Log = structlog.stdlib.BoundLogger
log: Log = structlog.get_logger()

AnyStream = Stream[Any, Any]
Method = Callable[[AnyStream], Awaitable[None]]
Rpcs = Mapping[str, Handler]

SHUTTING_DOWN = "the server is shutting down"
FAREWELL_SECONDS = 1.0
"""How long a call may take to tell its client that the server is shutting down."""


class Calls:
    """The calls that are running on this server."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._running: set[asyncio.Task[Any]] = set()
        self._dismissed: set[asyncio.Task[Any]] = set()
        self._draining = False

    def guarded(self, rpcs: Rpcs) -> Rpcs:
        """Return the same RPCs, each behind everything that this module does."""
        return {path: rpc._replace(func=self._guard(path, rpc)) for path, rpc in rpcs.items()}

    async def drain(self, timeout_seconds: float) -> None:
        """Refuse new calls, let the running ones end until the timeout, then end them.

        Their clients are told that the server is unavailable, so that they may
        come back and go on where they were.
        """
        self._draining = True
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_seconds)
        self._dismissed.update(self._running)
        for task in self._dismissed:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=FAREWELL_SECONDS)

    def _guard(self, path: str, rpc: Handler) -> Method:
        is_stream = rpc.cardinality.client_streaming or rpc.cardinality.server_streaming

        async def call(stream: AnyStream) -> None:
            if is_stream:
                count_bytes(stream, self._meter, path)
            # Now: an address cannot be asked for once the connection is lost.
            call_log = log.bind(method=path, peer=address_of(stream))
            started = time.monotonic()
            status = Status.CANCELLED
            try:
                status = await self._answer(path, rpc.func, stream, call_log)
            except GRPCError as error:
                status = error.status
                raise
            finally:
                seconds = time.monotonic() - started
                self._meter.call_ended(path, status, seconds, is_stream=is_stream)
                call_log.debug("call", status=status.name, duration=f"{seconds * 1000:.1f}ms")

        return call

    async def _answer(self, path: str, method: Method, stream: AnyStream, call_log: Log) -> Status:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  grpclib runs each call in a task
        self._running.add(task)
        # Not when this returns: grpclib has yet to send the status.
        task.add_done_callback(self._running.discard)
        try:
            await self._run(path, method, stream, call_log)
        except JobletError as error:
            log_refusal(error, call_log)
            return await refuse(stream, error)
        return Status.OK

    async def _run(self, path: str, method: Method, stream: AnyStream, call_log: Log) -> None:
        if self._draining:
            raise ServerUnavailableError(SHUTTING_DOWN)
        authorize_call(path, stream.peer.cert())
        try:
            await method(stream)
        except asyncio.CancelledError:
            # Its client is gone, or the drain is over; the first needs no answer and can have none.
            if asyncio.current_task() in self._dismissed:
                raise ServerUnavailableError(SHUTTING_DOWN) from None
            raise
        except NotImplementedError as error:
            # grpclib, of a compressed message.
            raise GRPCError(Status.UNIMPLEMENTED, "compressed messages are not accepted") from error
        except (JobletError, GRPCError):
            raise
        except Exception as error:
            call_log.exception("call failed unexpectedly")
            raise ServerError("internal error; the server's log says more") from error


async def refuse(stream: AnyStream, error: JobletError) -> Status:
    """Send an error to the client, as its status; return the status."""
    status, message, metadata = status_of(error)
    # The client may have reset the stream in the meantime: then there is nobody to tell.
    with contextlib.suppress(ProtocolError):
        await stream.send_trailing_metadata(status=status, status_message=message, metadata=metadata)
    return status


def log_refusal(error: JobletError, call_log: Log) -> None:
    """Log at the level that the kind of error has in the API's list."""
    reason = text_of(error)
    if isinstance(error, UnauthenticatedError):
        call_log.error("authentication failed", reason=reason)
    elif isinstance(error, AccessDeniedError):
        call_log.warning("access denied", reason=reason)
    else:
        call_log.info("call refused", reason=reason)


def address_of(stream: AnyStream) -> str:
    """Return the client's address for the log."""
    address = stream.peer.addr()
    return f"{address[0]}:{address[1]}" if address else "unknown"


def caller_name(stream: AnyStream) -> str:
    """Return the name of the principal that calls."""
    return principal_from_certificate(stream.peer.cert()).name


async def send_output(stream: Stream[Any, Any], message: Any, *, timeout_seconds: float) -> None:
    """Send a piece of output once the client has room for it.

    What it does not take stays in the log, not in memory. One that takes
    nothing at all is cut, so that it cannot hold its place for ever.

    Raises:
        SlowClientError: it had no room for the whole of the timeout.

    """
    try:
        async with asyncio.timeout(timeout_seconds):
            await stream.send_message(message)
    except TimeoutError:
        raise SlowClientError(timeout_seconds) from None


async def receive_files(stream: Stream[Any, Any], *, timeout_seconds: float) -> Any:
    """Return the next message of an upload.

    Raises:
        SlowClientError: it did not come within the timeout.
        InvalidRequestError: the client ended the call instead.

    """
    try:
        async with asyncio.timeout(timeout_seconds):
            message = await stream.recv_message()
    except TimeoutError:
        raise SlowClientError(timeout_seconds, what="sent", then="send it again") from None
    if message is None:
        raise InvalidRequestError("the upload ends before it is complete")
    return message


async def receive(stream: Stream[Any, Any]) -> Any:
    """Return the one message of a unary request.

    Raises:
        InvalidRequestError: the client ended the call without any.

    """
    message = await stream.recv_message()
    if message is None:
        raise InvalidRequestError("the call has no request message")
    return message
