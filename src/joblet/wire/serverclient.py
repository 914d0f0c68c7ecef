"""What every client of a server is: a connection for as long as the block runs, and a stub on it."""

from __future__ import annotations

from typing import ClassVar, Generic, Self, TypeVar

from joblet.config import Node
from joblet.wire.caller import CALL_TIMEOUT_SECONDS, PATIENCE_SECONDS, Caller

Stub = TypeVar("Stub")


class ServerClient(Generic[Stub]):
    """Calls one server by a stub; use as `async with Client(node) as client:`.

    A subclass names its stub, and asks by `_caller` and `_stub`.
    """

    _stub_type: ClassVar[type]
    _stub: Stub

    def __init__(
        self,
        node: Node,
        *,
        timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._caller = Caller(node, timeout_seconds=timeout_seconds, patience_seconds=patience_seconds)

    async def __aenter__(self) -> Self:
        self._stub = self._stub_type(self._caller.open())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._caller.aclose()
