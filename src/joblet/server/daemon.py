"""The composition root of `joblet serve`: the one place where the parts are made and put together."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import structlog
from grpclib.const import Status
from grpclib.health.check import ServiceStatus
from grpclib.health.service import Health
from grpclib.reflection.service import ServerReflection

from joblet.config import ServerConfig
from joblet.host.reader import HostReader
from joblet.runner.supervisor import JobRunner
from joblet.server.calls import Calls
from joblet.server.edge import Edge
from joblet.server.jobs import JobletService
from joblet.server.listener import Listener
from joblet.server.log import open_log
from joblet.server.meter import Meter
from joblet.server.monitoring import MonitoringService
from joblet.server.notify import READY, STOPPING, notify
from joblet.server.scrape import MetricsListener
from joblet.server.worker import WorkerService

if TYPE_CHECKING:
    from grpclib._typing import IServable

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Ready = Callable[[str, int], None]
"""Told the bound address and port once calls are accepted."""


def run(config: ServerConfig, *, ready: Ready = lambda _address, _port: None) -> None:
    """Serve until SIGTERM or SIGINT, on uvloop where it is installed.

    Raises:
        ConfigurationError: a certificate, the address or the log cannot be used.
        StateDirectoryInUseError: another daemon runs on the same state directory.
        HostError: this host cannot isolate jobs.

    """
    with open_log(config.logging), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(config, ready=ready))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loop, or None for asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415  optional: installed on Linux only
    except ImportError:
        return None
    return uvloop.new_event_loop


async def serve(config: ServerConfig, *, ready: Ready = lambda _address, _port: None) -> None:
    """Serve until SIGTERM or SIGINT; then drain, and leave the jobs running.

    Raises:
        ConfigurationError: a certificate or the address cannot be used.
        StateDirectoryInUseError: another daemon runs on the same state directory.
        HostError: this host cannot isolate jobs.

    """
    with stop_signals() as stopped, HostReader() as reader:
        meter = Meter()
        async with JobRunner(config.runner, observer=meter) as runner, metrics_served(config, runner, meter):
            jobs = JobletService(runner, config.grpc)
            worker = WorkerService(runner, config.grpc)
            monitoring = MonitoringService(runner, reader, config.grpc)
            async with serving(config, [jobs, worker, monitoring], meter) as (address, port):
                log.info("server started", address=address, port=port)
                ready(address, port)
                notify(f"{READY}\nSTATUS=serving on {address}:{port}")
                await stopped.wait()
                log.info("server stopping", drainTimeout=f"{config.grpc.drain_timeout_seconds:g}s")
                notify(STOPPING)
    log.info("server stopped")


@contextlib.asynccontextmanager
async def serving(
    config: ServerConfig, services: list[IServable], meter: Meter
) -> AsyncIterator[tuple[str, int]]:
    """Serve these services, health and reflection while the block runs, then drain; yields the address.

    Raises:
        ConfigurationError: a certificate or the address cannot be used.

    """
    health = ServiceStatus()
    health.set(True)
    everything = ServerReflection.extend([*services, Health({service: [health] for service in services})])
    rpcs = dict(chain.from_iterable(service.__mapping__().items() for service in everything))
    calls = Calls(meter)
    edge = Edge(calls.guarded(rpcs), config.grpc)
    async with Listener(
        edge,
        config.tls,
        config.grpc,
        address=config.address,
        port=config.port,
        on_refused=lambda _error: meter.rejected(Status.UNAUTHENTICATED),
    ) as listener:
        yield listener.address
        health.set(False)
        await listener.stop_accepting()
        await calls.drain(config.grpc.drain_timeout_seconds)


@contextlib.asynccontextmanager
async def metrics_served(config: ServerConfig, runner: JobRunner, meter: Meter) -> AsyncIterator[None]:
    """Serve Prometheus while the block runs, if that is configured.

    Raises:
        ConfigurationError: the address cannot be used.

    """
    if config.metrics is None:
        yield
        return

    async def collected() -> bytes:
        running = await runner.measure()
        return meter.text(running, max(0, runner.live_count - len(running)))

    async with MetricsListener(config.metrics, collected) as listener:
        address, port = listener.address
        log.info("metrics served", address=address, port=port)
        yield


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGTERM and SIGINT set, for as long as the block runs."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
