"""Readings of this host, and what two of them say.

A reading is taken in a thread, for a walk over all processes takes a while,
and shared by all who ask within a moment, for that walk is most of what
watching costs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from joblet.host.cpu import CpuTimes, cpu_metrics, read_cpu
from joblet.host.devices import io_metrics, read_devices
from joblet.host.facts import read_facts
from joblet.host.filesystems import FileSystems, real_mounts
from joblet.host.memory import read_memory
from joblet.host.networks import network_metrics, read_networks
from joblet.host.processes import Processes, process_metrics, read_processes
from joblet.metrics import DiskMetrics, HostFacts, Kind, MemoryMetrics, SystemMetrics

if TYPE_CHECKING:
    from psutil._ntuples import sdiskio, snetio

FRESH_SECONDS = 0.2
"""How old a reading may be that somebody else has asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The host's counters at one moment; `seconds` is of the monotonic clock."""

    at: datetime
    seconds: float
    facts: HostFacts
    cpu: tuple[CpuTimes, Sequence[CpuTimes]]
    memory: MemoryMetrics
    disks: Sequence[DiskMetrics]
    networks: Mapping[str, snetio]
    devices: Mapping[str, sdiskio]
    processes: Processes | None


class HostReader:
    """Takes readings; a context manager."""

    def __init__(self) -> None:
        self._filesystems = FileSystems()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joblet-host")
        self._last: dict[bool, asyncio.Future[Reading]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown()

    async def read(self, kinds: frozenset[Kind]) -> Reading:
        """Return a reading of now, the processes in it only if they are asked for: they cost most."""
        walks = Kind.PROCESS in kinds
        last = self._last.get(walks)
        if last is None or not is_fresh(last):
            loop = asyncio.get_running_loop()
            self._last[walks] = last = loop.run_in_executor(self._thread, self._read, walks)
        return await asyncio.shield(last)

    async def metrics(self, before: Reading, after: Reading, kinds: frozenset[Kind]) -> SystemMetrics:
        """Return what two readings say of these kinds."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, system_metrics, before, after, kinds)

    def _read(self, walks: bool) -> Reading:
        return Reading(
            facts=read_facts(),
            memory=read_memory(),
            disks=self._filesystems.read(real_mounts()),
            processes=read_processes() if walks else None,
            networks=read_networks(),
            devices=read_devices(),
            cpu=read_cpu(),
            at=datetime.now(UTC),
            seconds=time.monotonic(),
        )


def is_fresh(reading: asyncio.Future[Reading]) -> bool:
    """Whether a reading is being taken, or was a moment ago."""
    if not reading.done():
        return True
    if reading.cancelled() or reading.exception():
        return False
    return time.monotonic() - reading.result().seconds < FRESH_SECONDS


def system_metrics(before: Reading, after: Reading, kinds: frozenset[Kind]) -> SystemMetrics:
    """Return what two readings say of these kinds; what cannot be told is absent."""
    seconds = after.seconds - before.seconds
    return SystemMetrics(
        at=after.at,
        host=after.facts,
        cpu=cpu_metrics(before.cpu, after.cpu) if Kind.CPU in kinds else None,
        memory=after.memory if Kind.MEMORY in kinds else None,
        disks=after.disks if Kind.DISK in kinds else (),
        networks=network_metrics(before.networks, after.networks, seconds) if Kind.NETWORK in kinds else (),
        io=io_metrics(before.devices, after.devices, seconds) if Kind.IO in kinds else None,
        processes=process_metrics(
            before.processes, after.processes, seconds, total_memory_bytes=after.memory.total_bytes
        )
        if Kind.PROCESS in kinds and before.processes is not None and after.processes is not None
        else None,
    )
