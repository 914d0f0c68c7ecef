"""What is uploaded for a job, before there is the job: all of it comes, or nothing stays.

Each upload has a folder of its own below `<stateDir>/uploads`, which is renamed
to the job's `work` once the job is accepted. Whatever else happens deletes it;
what a daemon that was killed has left, the next one deletes. Files belong to
the job's user from the moment they are there, so that nothing is to be changed
of them later; until then nobody but root can reach them, for the state
directory is root's.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from joblet.errors import FileAccessError, StorageError, WorkspaceTooLargeError
from joblet.files.entry import Piece, Total
from joblet.files.folder import open_folder
from joblet.files.stream import Batches, unpack
from joblet.files.thread import in_thread
from joblet.files.unpack import Unpacker
from joblet.runner import tree
from joblet.runner.eventlog import get_logger
from joblet.runner.host import Account

log = get_logger()

ENTRY_BYTES = 1024
"""What an entry counts beside its content: empty files are not free (an inode, a name, a time of ours)."""

Received = AsyncIterable[Sequence[Piece]]


@dataclass(frozen=True, slots=True)
class Uploads:
    """Receives uploads into a folder; each may have so many bytes, 0 is any number."""

    path: Path
    account: Account
    max_bytes: int

    def check(self, total: Total) -> None:
        """Refuse what is announced to be too much, before any of it is taken.

        Raises:
            WorkspaceTooLargeError: it is.

        """
        size_bytes = total.entries * ENTRY_BYTES + total.content_bytes
        if self.max_bytes and size_bytes > self.max_bytes:
            raise WorkspaceTooLargeError(size_bytes, self.max_bytes)

    async def receive(self, received: Received) -> Path:
        """Return the folder with all that was received; if it fails or is cancelled, nothing stays.

        Raises:
            InvalidFileError: something in it is refused.
            WorkspaceTooLargeError: it is too much, whatever was announced.
            StorageError: it cannot be written.
            JobletError: what receiving raises.

        """
        folder = self.path / secrets.token_hex(8)
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise StorageError(f"{folder}: {error.strerror}") from error
        try:
            owner = (self.account.uid, self.account.gid)
            await unpack(self._counted(received), Unpacker(open_folder(str(folder)), owner))
        except BaseException as error:
            await discard_upload(folder)
            if isinstance(error, FileAccessError):
                raise StorageError(str(error)) from error
            raise
        return folder

    def leftovers(self) -> Sequence[Path]:
        """Return what earlier runners have left."""
        return list(self.path.iterdir())

    async def _counted(self, received: Received) -> Batches:
        total = Total()
        async for batch in received:
            total = total.after(batch)
            self.check(total)
            yield batch


async def sweep(leftovers: Sequence[Path]) -> None:
    """Delete what earlier runners have left."""
    for leftover in leftovers:
        await discard_upload(leftover)


async def discard_upload(folder: Path) -> None:
    """Delete an upload, if it has not become a job's; even if the caller is cancelled."""

    def delete() -> None:
        try:
            tree.delete(folder)
        except FileNotFoundError:
            return
        except OSError as error:  # the next runner tries again
            log.warning("cannot delete what was uploaded", path=str(folder), error=str(error))

    await in_thread(delete)
