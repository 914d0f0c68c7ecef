"""Trees of files beside an event loop: batches of pieces, read and written in threads."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass
from functools import partial

from joblet.errors import FileAccessError
from joblet.files.entry import LeftOut, Piece, Total
from joblet.files.folder import Folder, open_folder
from joblet.files.merge import discard, merge
from joblet.files.pack import CHUNK_BYTES, Pieces, next_batch
from joblet.files.thread import in_thread
from joblet.files.unpack import Unpacker

STAGING_PREFIX = ".joblet-"
"""How the folder is called that files are in until all of them have come."""

MOST_LEFT_OUT = 100
"""So many things that were left out are named; a job can leave any number of sockets around."""

Batches = AsyncGenerator[Sequence[Piece], None]


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download brought: how many files, links and folders, of how many bytes.

    `left_out` says what is there and could not be brought, and why, for the
    first hundred of `left_out_count`.
    """

    entries: int = 0
    content_bytes: int = 0
    left_out: tuple[LeftOut, ...] = ()
    left_out_count: int = 0

    def after(self, batch: Sequence[Piece]) -> Downloaded:
        """Return this with another batch."""
        total = Total(self.entries, self.content_bytes).after(batch)
        left_out = [piece for piece in batch if isinstance(piece, LeftOut)]
        named = (*self.left_out, *left_out)[:MOST_LEFT_OUT]
        return Downloaded(total.entries, total.content_bytes, named, self.left_out_count + len(left_out))


async def batches(pieces: Pieces, chunk_bytes: int = CHUNK_BYTES) -> Batches:
    """Yield the pieces of a tree, many at a time; raises what packing does."""
    try:
        while batch := await in_thread(partial(next_batch, pieces, chunk_bytes)):
            yield batch
    finally:
        pieces.close()


async def unpack(received: AsyncIterable[Sequence[Piece]], unpacker: Unpacker) -> None:
    """Make a tree of all that is received; raises what unpacking does."""
    try:
        async for batch in received:
            await in_thread(partial(unpacker.take_all, batch))
        await in_thread(unpacker.finish)
    finally:
        unpacker.close()


async def save(received: AsyncIterable[Sequence[Piece]], folder: str) -> Downloaded:
    """Put all that is received into a folder, once it is complete: before, nothing there changes.

    Raises:
        InvalidFileError: what is received breaks a rule.
        FileAccessError: it cannot be written.

    """
    downloaded = Downloaded()

    async def counted() -> Batches:
        nonlocal downloaded
        async for batch in received:
            downloaded = downloaded.after(batch)
            yield [piece for piece in batch if not isinstance(piece, LeftOut)]

    staging = os.path.join(folder, f"{STAGING_PREFIX}{secrets.token_hex(8)}")
    try:
        await in_thread(partial(_make_staging, staging))
        await unpack(counted(), Unpacker(open_folder(staging)))
        await in_thread(partial(_move_up, staging, folder))
    finally:
        await in_thread(partial(_remove, staging))
    return downloaded


def _make_staging(staging: str) -> None:
    try:
        os.makedirs(staging, mode=0o700)
    except OSError as error:
        raise FileAccessError(os.path.dirname(staging), error) from error


def _move_up(staging: str, folder: str) -> None:
    with open_folder(staging) as source, open_folder(folder) as target:
        merge(source, target)


def _remove(staging: str) -> None:
    try:
        with Folder.open(staging) as top:
            discard(top)
        os.rmdir(staging)
    except FileNotFoundError:  # it could not be made, or nobody came to it
        return
    except OSError as error:
        raise FileAccessError(staging, error) from error
