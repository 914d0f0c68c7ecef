"""The one way from a command to the server: a client for as long as the command needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from joblet.configfile.client import Choice, choose_node

if TYPE_CHECKING:
    from joblet.client import Client

Result = TypeVar("Result")


def call(choice: Choice, use: Callable[[Client], Awaitable[Result]]) -> Result:
    """Return what `use` makes of a client of the chosen server.

    Raises:
        JobletError: as `Client` and `choose_node` do.

    """
    node = choose_node(choice)
    # Late, and after the node is known: two thirds of the time that `rnx` takes are these two.
    import asyncio  # noqa: PLC0415

    from joblet.client import Client  # noqa: PLC0415

    async def connected() -> Result:
        async with Client(node) as client:
            return await use(client)

    return asyncio.run(connected())
