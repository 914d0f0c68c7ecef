"""What a job consumed, from the texts of its cgroups' counters. Pure.

The texts are read while the job runs, or were recorded by the shim after its
last process. They may be cut off or absent; then the number is None, "not
measured", and never 0.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CgroupUsage:
    """The counters of a job; None is "not measured".

    On stacked devices (device mapper, RAID) the kernel counts a byte once
    for each layer, and so do `read_bytes` and `written_bytes`. They count
    what reached a device, not what the page cache served. `oom_kills` may be
    one more than the dead: v2 kills the victim, and then the group with it.
    `memory_bytes` is what it has now, the page cache of its files included;
    that is never recorded at the end.
    """

    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    oom_kills: int | None = None
    memory_bytes: int | None = None


def read_usage(counters: Mapping[str, str]) -> CgroupUsage:
    """Return the usage that these counters say: path of the file → its text."""
    texts = {os.path.basename(path): text for path, text in counters.items() if _is_whole(text)}
    cpu_us = _first(texts, ("cpu.stat", r"^usage_usec (\d+)$"))
    cpu_ns = _first(texts, ("cpuacct.usage", r"^(\d+)$"))
    return CgroupUsage(
        cpu_seconds=cpu_us / 1e6 if cpu_us is not None else cpu_ns / 1e9 if cpu_ns is not None else None,
        peak_memory_bytes=_first(
            texts,
            ("memory.peak", r"^(\d+)$"),
            ("memory.memsw.max_usage_in_bytes", r"^(\d+)$"),
            ("memory.max_usage_in_bytes", r"^(\d+)$"),
        ),
        read_bytes=_sum(
            texts, ("io.stat", r"\brbytes=(\d+)"), ("blkio.throttle.io_service_bytes", r" Read (\d+)$")
        ),
        written_bytes=_sum(
            texts, ("io.stat", r"\bwbytes=(\d+)"), ("blkio.throttle.io_service_bytes", r" Write (\d+)$")
        ),
        oom_kills=_first(
            texts, ("memory.events", r"^oom_kill (\d+)$"), ("memory.oom_control", r"^oom_kill (\d+)$")
        ),
        memory_bytes=_first(
            texts,
            ("memory.current", r"^(\d+)$"),
            ("memory.memsw.usage_in_bytes", r"^(\d+)$"),
            ("memory.usage_in_bytes", r"^(\d+)$"),
        ),
    )


def _is_whole(text: str) -> bool:
    """Whether it was not cut off; `io.stat` is empty until the first I/O."""
    return not text or text.endswith("\n")


def _first(texts: Mapping[str, str], *sources: tuple[str, str]) -> int | None:
    for name, pattern in sources:
        if match := re.search(pattern, texts.get(name, ""), re.ASCII | re.MULTILINE):
            return int(match[1])
    return None


def _sum(texts: Mapping[str, str], *sources: tuple[str, str]) -> int | None:
    for name, pattern in sources:
        if name in texts:
            return sum(map(int, re.findall(pattern, texts[name], re.ASCII | re.MULTILINE)))
    return None
