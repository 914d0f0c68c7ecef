"""A TCP proxy on the loopback that loses connections, and answers, when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field

BLOCK_BYTES = 1 << 14


@dataclass
class Proxy:
    """Passes bytes on between clients and one server.

    `budgets` are how many bytes the next connections may carry to their
    clients before they are cut; connections beyond the last one live on.
    """

    address: str
    server: str
    budgets: Iterator[int] = field(default_factory=lambda: iter(()))
    is_losing: bool = False
    connections: int = 0
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut_after(self, budgets: Iterable[int]) -> None:
        """Cut all connections now, and the next ones when they have carried so many bytes."""
        self.budgets = iter(budgets)
        self.cut()

    def lose_answers(self) -> None:
        """From now on let the server hear the client and not the client the server, until the next cut."""
        self.lost.clear()
        self.is_losing = True

    def cut(self) -> None:
        """Cut all connections, as a network does: without a goodbye."""
        self.is_losing = False
        for writer in self._writers:
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side, or the budget, ends it."""
        self.connections += 1
        host, _, port = self.server.rpartition(":")
        try:
            server_reader, server_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, server_writer}
        self._writers |= ends
        ways = [
            asyncio.create_task(self._to_server(reader, server_writer)),
            asyncio.create_task(self._to_client(server_reader, writer, next(self.budgets, None))),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._writers -= ends
        for end in ends:
            end.transport.abort()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, *(end.wait_closed() for end in ends), return_exceptions=True)

    async def _to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(BLOCK_BYTES):
            writer.write(block)
            await writer.drain()

    async def _to_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int | None
    ) -> None:
        while block := await reader.read(BLOCK_BYTES):
            if self.is_losing:
                self.lost.set()
                continue
            writer.write(block if budget is None else block[:budget])
            await writer.drain()
            if budget is not None:
                budget -= len(block)
                if budget <= 0:
                    return


@contextlib.asynccontextmanager
async def proxying(server: str) -> AsyncIterator[Proxy]:
    """Yield a proxy to this address that runs while the block does."""
    carried: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried.add(asyncio.create_task(proxy.carry(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy = Proxy(f"127.0.0.1:{listener.sockets[0].getsockname()[1]}", server)
    try:
        async with listener:
            yield proxy
    finally:
        proxy.cut()
        await asyncio.gather(*carried, return_exceptions=True)
