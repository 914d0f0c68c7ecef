"""Waits for what shows in a folder: by inotify(7), not by looking again and again."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from joblet.linux.inotify import Inotify

IN_MOVED_FROM = 0x40
IN_CREATE = 0x100
IN_DELETE = 0x200

Found = TypeVar("Found")


async def once_in(
    folder: Path, event: int, look: Callable[[], Awaitable[Found]], *, until: Callable[[Found], bool]
) -> Found:
    """Return what is found, once it is what is wanted; it is looked for after each event of this kind."""
    with Inotify() as inotify, inotify.watch(folder, event) as watch:
        while True:
            watch.arm()
            found = await look()
            if until(found):
                return found
            await watch.wait()


async def once_empty(folder: Path) -> None:
    """Return once there is nothing in a folder."""

    async def names() -> list[str]:
        return os.listdir(folder)

    await once_in(folder, IN_DELETE | IN_MOVED_FROM, names, until=lambda found: not found)
