"""A job's life in numbers and plots. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from joblet.cli.figures import age_text, bytes_text
from joblet.cli.plot import BLOCKS, Glyphs, Span, plot_lines, time_axis
from joblet.cli.render import command_line, duration_text, time_text, used
from joblet.cli.table import Column, cut

if TYPE_CHECKING:
    from joblet.job import Job
    from joblet.metrics import JobSample

MIB = 1 << 20
TENTHS_BELOW = 10
GAP_FACTOR = 4
LEAST_GAP_SECONDS = 5.0
"""A time without samples that is longer than this, and than so many usual ones, was without a daemon."""


def life_lines(job: Job, samples: Sequence[JobSample], width: int, glyphs: Glyphs = BLOCKS) -> list[str]:
    """Return the whole page, none of its lines wider than `width`."""
    memory_limit = job.spec.limits.memory_mb * MIB or None
    cpu_limit = float(job.spec.limits.cpu_percent) or None
    cpu = plot_lines(cpu_spans(samples), percent_label, width=width, limit=cpu_limit, glyphs=glyphs)
    memory = plot_lines(memory_spans(samples), bytes_text, width=width, limit=memory_limit, glyphs=glyphs)
    took = time_axis("0s", taken_text(samples), width)
    return [
        cut(f"Job {job.id}: {command_line(job)}", width),
        *textwrap.wrap(f"{job.status}, {taken_text(samples)}, {len(samples)} samples", width),
        *([*textwrap.wrap(cpu_text(job, samples), width), *cpu, took] if cpu else []),
        *textwrap.wrap(memory_text(job, samples), width),
        *([*memory, took] if memory else []),
        *(line for text in other_texts(job) for line in textwrap.wrap(text, width)),
    ]


def sample_columns(samples: Sequence[JobSample]) -> list[Column]:
    """Return the columns of a table with a line for each sample; empty is not measured."""
    cpu = [f"{each.cpu_seconds:.2f}s" if each.cpu_seconds is not None else "" for each in samples]
    return [
        Column("CPU", cpu, is_number=True),
        Column("MEMORY", [bytes_text(each.memory_bytes) for each in samples], is_number=True),
        Column("READ", [bytes_text(each.read_bytes) for each in samples], 3, is_number=True),
        Column("WRITTEN", [bytes_text(each.written_bytes) for each in samples], 2, is_number=True),
        Column("OUTPUT", [bytes_text(each.log_bytes) for each in samples], 1, is_number=True),
        Column("TIME", [time_text(each.at) for each in samples]),
    ]


def cpu_spans(samples: Sequence[JobSample]) -> list[Span]:
    """Return the percentage of a core between each two samples."""
    begin = samples[0].at
    return [
        Span(
            (before.at - begin).total_seconds(),
            (after.at - begin).total_seconds(),
            100 * max(0.0, after.cpu_seconds - before.cpu_seconds) / (after.at - before.at).total_seconds(),
        )
        for before, after in looked(samples)
        if before.cpu_seconds is not None and after.cpu_seconds is not None
    ]


def memory_spans(samples: Sequence[JobSample]) -> list[Span]:
    """Return the memory at the end of the time between each two samples."""
    begin = samples[0].at
    return [
        Span(
            (before.at - begin).total_seconds(),
            (after.at - begin).total_seconds(),
            float(after.memory_bytes),
        )
        for before, after in looked(samples)
        if after.memory_bytes is not None
    ]


def looked(samples: Sequence[JobSample]) -> Iterator[tuple[JobSample, JobSample]]:
    """Yield each two samples that follow each other, but for the times in which nobody looked."""
    pairs = [(before, after) for before, after in pairwise(samples) if after.at > before.at]
    if not pairs:
        return
    usual = median((after.at - before.at).total_seconds() for before, after in pairs)
    longest = max(LEAST_GAP_SECONDS, GAP_FACTOR * usual)
    yield from (pair for pair in pairs if (pair[1].at - pair[0].at).total_seconds() <= longest)


def seconds_of(samples: Sequence[JobSample]) -> float:
    """Return how long the life is that is told of."""
    return max(0.0, (samples[-1].at - samples[0].at).total_seconds())


def taken_text(samples: Sequence[JobSample]) -> str:
    """Return how long the job took, to the millisecond while that says something."""
    seconds = seconds_of(samples)
    return duration_text(seconds) if seconds < 1 else age_text(seconds)


def cpu_text(job: Job, samples: Sequence[JobSample]) -> str:
    """Return what was used of the processor, in numbers."""
    spans = cpu_spans(samples)
    used_seconds = samples[-1].cpu_seconds or 0.0
    average = 100 * used_seconds / (seconds_of(samples) or 1.0)
    peak = max(span.value for span in spans)
    return (
        f"CPU: {used_seconds:.2f} s, on average {average:.0f}% of a core, at most {peak:.0f}%, "
        f"limit {job.spec.limits.cpu_percent}%"
    )


def memory_text(job: Job, samples: Sequence[JobSample]) -> str:
    """Return what was used of the memory, in numbers; empty if nothing was measured."""
    values = [sample.memory_bytes for sample in samples if sample.memory_bytes is not None]
    usage = used(job)
    # The kernel's own, for it saw what was between the samples.
    peak = usage.peak_memory_bytes if usage else None
    peak = max(values, default=None) if peak is None else peak
    if peak is None:
        return ""
    average = f"on average {bytes_text(sum(values) / len(values))}, " if values else ""
    return f"Memory: {average}at most {bytes_text(peak)}, limit {bytes_text(job.spec.limits.memory_mb * MIB)}"


def other_texts(job: Job) -> Iterator[str]:
    """Yield what there is no plot of."""
    usage = used(job)
    if usage and usage.read_bytes is not None and usage.written_bytes is not None:
        yield f"Disk: {bytes_text(usage.read_bytes)} read, {bytes_text(usage.written_bytes)} written"


def percent_label(value: float) -> str:
    """Return what is beside the axis of percentages; below ten with tenths, for a half of one is not one."""
    return f"{value:.1f}%" if 0 < value < TENTHS_BELOW else f"{value:.0f}%"
