"""The one way from a command to the server: a client for as long as the command needs it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar

from joblet.configfile.client import Choice, choose_node

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from joblet.client import Client
    from joblet.config import Node
    from joblet.workerclient import WorkerClient

AnyClient = TypeVar("AnyClient")
Result = TypeVar("Result")


def call(choice: Choice, use: Callable[[Client], Awaitable[Result]]) -> Result:
    """Return what `use` makes of a client of the chosen server.

    Raises:
        JobletError: as `Client` and `choose_node` do.

    """

    def connect(node: Node) -> Client:
        from joblet.client import Client  # noqa: PLC0415  see below

        return Client(node)

    return _call(choice, connect, use)


def call_worker(choice: Choice, use: Callable[[WorkerClient], Awaitable[Result]]) -> Result:
    """Return what `use` makes of a client of the chosen server's second API.

    Raises:
        JobletError: as `WorkerClient` and `choose_node` do.

    """

    def connect(node: Node) -> WorkerClient:
        from joblet.workerclient import WorkerClient  # noqa: PLC0415  see below

        return WorkerClient(node)

    return _call(choice, connect, use)


def _call(
    choice: Choice,
    connect: Callable[[Node], AbstractAsyncContextManager[AnyClient]],
    use: Callable[[AnyClient], Awaitable[Result]],
) -> Result:
    node = choose_node(choice)
    # Late, and after the node is known: two thirds of the time that `rnx` takes are this and the client.
    import asyncio  # noqa: PLC0415

    async def connected() -> Result:
        wake_at_signals(asyncio.get_running_loop())
        async with connect(node) as client:
            return await use(client)

    return asyncio.run(connected())


def wake_at_signals(loop: AbstractEventLoop) -> None:
    """Let every signal wake the loop, so that Python runs the signal's handler at once.

    asyncio.run's Ctrl-C, and any `signal.signal`, counts on the wait for events
    being interrupted. It is not when the signal comes a moment before it, or goes
    to another thread: then Ctrl-C would wait for the next event. The descriptor
    that helps (`signal.set_wakeup_fd`) the loop sets for a handler of its own:
    here one that does nothing, of a signal that does nothing. Where there is no
    such signal (Windows) the loop has set it anyway.
    """
    if harmless := getattr(signal, "SIGURG", None):
        loop.add_signal_handler(harmless, lambda: None)
