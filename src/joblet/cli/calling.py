"""The one way from a command to the server: a client for as long as the command needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar

from joblet.configfile.client import Choice, choose_node

if TYPE_CHECKING:
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
        async with connect(node) as client:
            return await use(client)

    return asyncio.run(connected())
