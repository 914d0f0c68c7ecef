"""Pieces of a tree of files as messages, and back; and the two calls that carry them, once each.

Whether what a message says may be is `files/`'s business: here is only what it
says. Not: when a broken call is made again (`Client`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from types import MappingProxyType

from joblet.errors import InvalidFileError, ServerError
from joblet.files.entry import Entry, Kind, LeftOut, Piece, Total, shown
from joblet.files.local import LocalFiles
from joblet.files.stream import Batches, batches
from joblet.wire.generated import joblet_pb2 as pb

KINDS: Mapping[Kind, pb.FileKind] = MappingProxyType(
    {Kind.FILE: pb.FILE, Kind.FOLDER: pb.FOLDER, Kind.LINK: pb.LINK}
)
KIND_OF_NUMBER = MappingProxyType({number: kind for kind, number in KINDS.items()})

OnProgress = Callable[[int, int], None]
"""Told how many bytes of content are done, and of how many; 0 if that is not known."""


def ignore(_done_bytes: int, _total_bytes: int) -> None:
    """Make nothing of the progress."""


def to_messages(pieces: Iterable[Piece]) -> Sequence[pb.FilePiece]:
    """Return pieces as messages."""
    return [to_message(piece) for piece in pieces]


def to_message(piece: Piece) -> pb.FilePiece:
    """Return a piece as a message."""
    if isinstance(piece, bytes):
        return pb.FilePiece(content=piece)
    if isinstance(piece, LeftOut):
        return pb.FilePiece(leftOut=pb.LeftOut(path=piece.path, why=piece.why))
    entry = pb.FileEntry(
        path=piece.path,
        kind=KINDS[piece.kind],
        mode=piece.mode,
        modifiedNs=piece.modified_ns,
        target=piece.target,
    )
    return pb.FilePiece(entry=entry)


def from_messages(messages: Iterable[pb.FilePiece]) -> Sequence[Piece]:
    """Return the pieces in messages.

    Raises:
        InvalidFileError: one of them is none.

    """
    return [from_message(message) for message in messages]


def from_message(message: pb.FilePiece) -> Piece:
    """Return the piece in a message.

    Raises:
        InvalidFileError: there is none in it.

    """
    which = message.WhichOneof("piece")
    if which == "content":
        return message.content
    if which == "leftOut":
        return LeftOut(message.leftOut.path, message.leftOut.why)
    entry = message.entry
    kind = KIND_OF_NUMBER.get(entry.kind)
    if kind is None:
        raise InvalidFileError(shown(entry.path), "it is not a file, a folder or a symbolic link")
    return Entry(entry.path, kind, entry.mode, entry.modifiedNs, entry.target)


async def upload_requests(
    job: pb.RunJobReq, files: LocalFiles, total: Total, on_progress: OnProgress
) -> AsyncGenerator[pb.UploadReq, None]:
    """Yield the requests of an upload, from the job to the word that nothing is missing."""
    yield pb.UploadReq(job=job, entries=total.entries, contentBytes=total.content_bytes)
    done = Total()
    on_progress(done.content_bytes, total.content_bytes)
    async with aclosing(batches(files.pack())) as packed:
        async for batch in packed:
            yield pb.UploadReq(pieces=to_messages(batch))
            done = done.after(batch)
            on_progress(done.content_bytes, total.content_bytes)
    yield pb.UploadReq(complete=True)


async def downloaded_batches(answers: AsyncIterable[pb.FilesChunk], on_progress: OnProgress) -> Batches:
    """Yield the pieces in the answers to a download.

    Raises:
        ServerError: the answers end before all has come.

    """
    done, is_complete = Total(), False
    async for answer in answers:
        batch = from_messages(answer.pieces)
        yield batch
        done = done.after(batch)
        on_progress(done.content_bytes, 0)
        is_complete = answer.complete
    if not is_complete:
        raise ServerError("malformed answer: the files end before they are complete")
