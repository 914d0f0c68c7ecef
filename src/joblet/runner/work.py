"""What is in a job's /work, read while the job may run: a folder that an unprivileged stranger fills."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from joblet.errors import FileAccessError, PathNotFoundError, StorageError
from joblet.files.pack import Packer, selection_of
from joblet.files.stream import Batches, batches
from joblet.runner.jobdir import JobDirectory


async def read_work(directory: JobDirectory, paths: Sequence[bytes], chunk_bytes: int) -> Batches:
    """Yield what is in a job's /work, all of it or these paths below it.

    Raises:
        PathNotFoundError: there is no such path.
        InvalidFileError: a path is malformed.
        StorageError: they cannot be read.

    """
    pieces = Packer(chunk_bytes).pack(str(directory.work_path), selection_of(paths))
    try:
        async with aclosing(batches(pieces, chunk_bytes)) as packed:
            async for batch in packed:
                yield batch
    except FileNotFoundError as error:
        raise PathNotFoundError(directory.path.name, error.filename) from None
    except FileAccessError as error:
        raise StorageError(str(error)) from error
