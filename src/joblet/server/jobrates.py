"""What the running jobs do now, from two measurements. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from joblet.metrics import LONGEST_COMMAND, JobMetrics, JobSample
from joblet.runner.sampler import Measured

MIB = 1 << 20


def job_metrics(before: Mapping[str, JobSample], after: Sequence[Measured]) -> Sequence[JobMetrics]:
    """Return each job that runs; one that was not measured before has no rates yet."""
    return [metrics_of(measured, before.get(measured.job.id)) for measured in after]


def metrics_of(measured: Measured, before: JobSample | None) -> JobMetrics:
    """Return what one job does."""
    job, now = measured.job, measured.sample
    cpu = growth(before, now, lambda sample: sample.cpu_seconds)
    return JobMetrics(
        id=job.id,
        name=job.spec.name,
        command=" ".join((job.spec.command, *job.spec.args))[:LONGEST_COMMAND],
        started_at=job.started_at,
        cpu_percent=None if cpu is None else 100 * cpu,
        memory_bytes=now.memory_bytes,
        memory_limit_bytes=job.spec.limits.memory_mb * MIB or None,
        read_rate=growth(before, now, lambda sample: sample.read_bytes),
        write_rate=growth(before, now, lambda sample: sample.written_bytes),
        output_rate=growth(before, now, lambda sample: sample.log_bytes),
    )


def growth(
    before: JobSample | None, now: JobSample, counter: Callable[[JobSample], float | None]
) -> float | None:
    """Return how much a counter grew a second, None if that was not measured.

    The clock of samples is the wall's: when it was set back, nothing was.
    """
    if before is None or now.at <= before.at:
        return None
    first, last = counter(before), counter(now)
    if first is None or last is None:
        return None
    return max(0.0, (last - first) / (now.at - before.at).total_seconds())
