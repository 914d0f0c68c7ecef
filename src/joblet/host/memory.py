"""The host's memory: proc_meminfo(5)."""

from __future__ import annotations

import psutil

from joblet.metrics import MemoryMetrics


def read_memory() -> MemoryMetrics:
    """Return how much memory there is, and what it is used for."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return MemoryMetrics(
        total_bytes=memory.total,
        used_bytes=memory.used,
        free_bytes=memory.free,
        available_bytes=memory.available,
        usage_percent=memory.percent,
        cached_bytes=memory.cached,
        buffered_bytes=memory.buffers,
        swap_total_bytes=swap.total,
        swap_used_bytes=swap.used,
        swap_free_bytes=swap.free,
    )
