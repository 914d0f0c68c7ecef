"""Counts what happens on this server, for Prometheus. Not: how the counts are fetched (`scrape.py`).

Names and units follow https://prometheus.io/docs/practices/naming. The values
of every label are bounded: methods by the protos, codes by gRPC, jobs by
`maxConcurrentJobs`, for a job that has ended has no series any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from grpclib.const import Status
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from joblet.job import Job, JobStatus
from joblet.runner.observer import Observer
from joblet.runner.sampler import Measured

START_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
REJECTED = (
    Status.UNAUTHENTICATED,
    Status.PERMISSION_DENIED,
    Status.INVALID_ARGUMENT,
    Status.NOT_FOUND,
    Status.FAILED_PRECONDITION,
    Status.RESOURCE_EXHAUSTED,
    Status.UNAVAILABLE,
)
"""What refuses a call; the other codes are failures of the server, or of its clients."""


class Meter(Observer):
    """The counters of one server; nothing of it is global."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._ended = Counter(
            "joblet_jobs_ended", "Jobs that have ended.", ["status", "reason"], registry=registry
        )
        self._start = Histogram(
            "joblet_job_start_seconds",
            "From the acceptance of a job to the execution of its command.",
            buckets=START_BUCKETS,
            registry=registry,
        )
        self._rpcs = Counter("joblet_rpcs", "Calls that have ended.", ["method", "code"], registry=registry)
        self._seconds = Histogram(
            "joblet_rpc_seconds", "How long unary calls took.", ["method"], registry=registry
        )
        self._rejected = Counter(
            "joblet_rejected_calls", "Calls that were refused, by why.", ["code"], registry=registry
        )
        self._streamed = Counter(
            "joblet_stream_bytes", "Messages of streams.", ["method", "direction"], registry=registry
        )
        for code in REJECTED:  # a rate needs a first value, which is 0
            self._rejected.labels(code.name)

    def job_started(self, seconds: float) -> None:
        """Count a start, and how long it took."""
        self._start.observe(max(0.0, seconds))

    def job_ended(self, job: Job) -> None:
        """Count an end by status and reason."""
        if job.ending:
            self._ended.labels(job.status.value, job.ending.reason.value).inc()

    def call_ended(self, method: str, status: Status, seconds: float, *, is_stream: bool) -> None:
        """Count a call; a stream takes as long as its client wants, so its time is not."""
        self._rpcs.labels(method, status.name).inc()
        if not is_stream:
            self._seconds.labels(method).observe(seconds)
        if status in REJECTED:
            self.rejected(status)

    def rejected(self, status: Status) -> None:
        """Count a refusal, be it before there is a call."""
        self._rejected.labels(status.name).inc()

    def streamed(self, method: str, direction: str) -> Callable[[int], None]:
        """Return what counts the bytes of a stream, `sent` or `received`."""
        return self._streamed.labels(method, direction).inc

    def text(self, running: Sequence[Measured], starting: int) -> bytes:
        """Return everything in Prometheus's text format, with the jobs that run now."""
        now = CollectorRegistry()
        now.register(RunningJobs(running, starting))
        return generate_latest(self._registry) + generate_latest(now)


class RunningJobs(Collector):
    """The jobs that have not ended, at one moment."""

    def __init__(self, running: Sequence[Measured], starting: int) -> None:
        self._running = running
        self._starting = starting

    def collect(self) -> Iterator[Metric]:
        """Yield the families of their series."""
        live = GaugeMetricFamily("joblet_jobs", "Jobs that have not ended.", labels=["status"])
        live.add_metric([JobStatus.INITIALIZING.value], self._starting)
        live.add_metric([JobStatus.RUNNING.value], len(self._running))
        yield live
        cpu = CounterMetricFamily("joblet_job_cpu_seconds", "CPU time of a running job.", labels=["job"])
        memory = GaugeMetricFamily("joblet_job_memory_bytes", "Memory of a running job.", labels=["job"])
        output = GaugeMetricFamily("joblet_job_log_bytes", "Output of a running job.", labels=["job"])
        for measured in self._running:
            job, sample = [measured.job.id], measured.sample
            # What was not measured has no series.
            if sample.cpu_seconds is not None:
                cpu.add_metric(job, sample.cpu_seconds)
            if sample.memory_bytes is not None:
                memory.add_metric(job, sample.memory_bytes)
            if sample.log_bytes is not None:
                output.add_metric(job, sample.log_bytes)
        yield from (cpu, memory, output)
