"""MonitoringService: how the host and its jobs are doing, now or again and again.

Percentages and rates are of the time between two readings. A stream keeps the
last reading from answer to answer; a single answer is of a short time that it
waits for. Nothing is read while nobody asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from joblet.config import GrpcConfig
from joblet.errors import InvalidRequestError
from joblet.host.reader import HostReader, Reading
from joblet.metrics import ALL_KINDS, Kind, SystemMetrics
from joblet.runner.sampler import Measured
from joblet.runner.supervisor import JobRunner
from joblet.server.calls import receive, send_output
from joblet.server.jobrates import job_metrics
from joblet.wire.generated import joblet_pb2
from joblet.wire.generated import monitoring_pb2 as pb
from joblet.wire.generated.monitoring_grpc import MonitoringServiceBase
from joblet.wire.system import kinds_from_types, system_to_message

if TYPE_CHECKING:
    from grpclib.server import Stream

WINDOW_SECONDS = 0.5
"""What a single answer is of, and the first of a stream."""

DEFAULT_INTERVAL_SECONDS = 5
LONGEST_INTERVAL_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Moment:
    """The host and its running jobs when they were looked at."""

    reading: Reading
    jobs: list[Measured]


class MonitoringService(MonitoringServiceBase):
    """Serves this host's metrics and those of one runner's jobs."""

    def __init__(self, runner: JobRunner, reader: HostReader, config: GrpcConfig) -> None:
        self._runner = runner
        self._reader = reader
        self._slow_seconds = config.slow_client_timeout_seconds

    async def GetSystemStatus(self, stream: Stream[joblet_pb2.EmptyRequest, pb.SystemStatusRes]) -> None:
        """Answer with everything, after the short time that it is of."""
        await receive(stream)
        async with aclosing(self._watched(ALL_KINDS, WINDOW_SECONDS)) as watched:
            system = await anext(watched)
        answer = system_to_message(system, pb.SystemStatusRes)
        answer.available = True
        await stream.send_message(answer)

    async def StreamSystemMetrics(self, stream: Stream[pb.StreamMetricsReq, pb.SystemMetricsRes]) -> None:
        """Answer soon, and then once in each interval, until the client has enough or is too slow."""
        request = await receive(stream)
        kinds = kinds_from_types(request.metricTypes)
        interval_seconds = interval_of(request.intervalSeconds)
        await stream.send_initial_metadata()
        async with aclosing(self._watched(kinds, interval_seconds)) as watched:
            async for system in watched:
                answer = system_to_message(system, pb.SystemMetricsRes)
                await send_output(stream, answer, timeout_seconds=self._slow_seconds)

    async def _watched(
        self, kinds: frozenset[Kind], interval_seconds: float
    ) -> AsyncGenerator[SystemMetrics, None]:
        loop = asyncio.get_running_loop()
        before = await self._look(kinds)
        due = loop.time() + min(WINDOW_SECONDS, interval_seconds)
        while True:
            await asyncio.sleep(due - loop.time())
            after = await self._look(kinds)
            yield await self._between(before, after, kinds)
            before = after
            # From now, not from when it was due: a client that was slow gets no answers to make up for it.
            due = max(due, loop.time() - interval_seconds / 2) + interval_seconds

    async def _look(self, kinds: frozenset[Kind]) -> Moment:
        jobs = list(await self._runner.measure()) if Kind.JOB in kinds else []
        return Moment(await self._reader.read(kinds), jobs)

    async def _between(self, before: Moment, after: Moment, kinds: frozenset[Kind]) -> SystemMetrics:
        earlier = {measured.job.id: measured.sample for measured in before.jobs}
        system = await self._reader.metrics(before.reading, after.reading, kinds)
        return replace(system, jobs=job_metrics(earlier, after.jobs))


def interval_of(seconds: int) -> float:
    """Return how often a request wants to be answered; 0 is the default.

    Raises:
        InvalidRequestError: it is negative or too long.

    """
    if not 0 <= seconds <= LONGEST_INTERVAL_SECONDS:
        raise InvalidRequestError(
            f"invalid interval: expected 1 to {LONGEST_INTERVAL_SECONDS} s, "
            f"or 0 for {DEFAULT_INTERVAL_SECONDS} s, got {seconds}"
        )
    return float(seconds or DEFAULT_INTERVAL_SECONDS)
