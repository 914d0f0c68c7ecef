"""How much a job may use: parse, default, refuse. Pure.

A request says 0 for "the default". `Limits.resolve` turns a request into what
will be enforced, or refuses it; from there on 0 means "unlimited", and only
I/O and the timeout may be that.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from joblet.errors import InvalidLimitError

INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use.

    CPU in percent of one core, memory in MiB (swap is not allowed on top),
    I/O in bytes per second, for reads and for writes each.
    """

    cpu_percent: int = 0
    memory_mb: int = 0
    io_bps: int = 0


NAMES = {"cpu_percent": "maxCPU", "memory_mb": "maxMemory", "io_bps": "maxIOBPS"}
"""The API's name of each limit, for messages."""


def resolve(requested: Limits, *, defaults: Limits, ceilings: Limits) -> Limits:
    """Return what will be enforced: the request where it asks, the default elsewhere.

    A ceiling of 0 is none. With a ceiling, "unlimited" means the ceiling.

    Raises:
        InvalidLimitError: a limit is negative, too large to mean anything, or
            above its ceiling.

    """
    chosen = {}
    for limit in fields(Limits):
        wanted: int = getattr(requested, limit.name)
        ceiling: int = getattr(ceilings, limit.name)
        name = NAMES[limit.name]
        if wanted < 0:
            raise InvalidLimitError(f"{name} must not be negative (got {wanted})")
        if wanted > INT32_MAX:
            raise InvalidLimitError(f"{name} is out of range (got {wanted})")
        if ceiling and wanted > ceiling:
            raise InvalidLimitError(f"{name} exceeds system limits (got {wanted}, at most {ceiling})")
        default: int = getattr(defaults, limit.name)
        chosen[limit.name] = wanted or (min(default or ceiling, ceiling) if ceiling else default)
    return Limits(**chosen)
