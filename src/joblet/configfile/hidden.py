"""Which files of the daemon a job would see, and must not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

INSTALLATIONS = (Path("/etc/joblet"), Path("/opt/joblet"))
"""Where installations keep keys, whether or not this daemon reads them."""


def exposed(secrets: Iterable[Path], read_only: Iterable[str]) -> tuple[str, ...]:
    """Return those of `secrets`, and of `INSTALLATIONS`, that lie in a folder that jobs see.

    A folder that itself holds one that jobs are meant to see (`/etc` for a
    configuration file right in it) stays visible; the files in it are named
    for themselves.
    """
    shown = {form for name in read_only for form in (Path(name), Path(name).resolve())}
    real = {secret.resolve() for secret in (*secrets, *INSTALLATIONS)}
    return tuple(
        sorted(
            str(secret)
            for secret in real
            if any(secret.is_relative_to(folder) for folder in shown)
            and not any(folder.is_relative_to(secret) for folder in shown)
        )
    )
