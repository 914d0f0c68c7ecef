"""A job's life as a picture: to the letter at some widths, and within any."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.cli.life import life_lines
from joblet.cli.plot import ASCII, ROWS, Span, columns_of, plot_lines
from joblet.cli.table import text_width
from joblet.job import Ending, Job, JobSpec, Reason, Usage
from joblet.limits import Limits
from joblet.metrics import JobSample
from support.jobs import SAMPLES

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
MIB = 1 << 20
SPEC = JobSpec("python3", ("train.py",), Limits(cpu_percent=200, memory_mb=256))
JOB = Job(id="7", spec=SPEC, started_at=NOON).after_start(99)
ENDED = JOB.after_end(
    Ending(Reason.EXITED, 0, usage=Usage(cpu_seconds=8.0, peak_memory_bytes=200 * MIB, read_bytes=0)),
    NOON + timedelta(seconds=8),
)
SPANS = st.lists(st.tuples(st.floats(0.001, 1e5), st.floats(0, 1e12)), min_size=1, max_size=40)

WIDE = """\
Job 7: python3 train.py
COMPLETED, 8s, 9 samples
CPU: 7.50 s, on average 94% of a core, at most 200%,
limit 200%
200% │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄
     │                        ██████████████████
     │                        ██████████████████
     │                        ██████████████████
100% │██████                  ██████████████████
     │██████                  ██████████████████▄▄▄▄▄▄
     │██████                  ████████████████████████
  0% └────────────────────────────────────────────────
0s                                                  8s
Memory: on average 111 MiB, at most 200 MiB, limit 256
MiB
256 MiB │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄
        │
        │                                 ▁▁▁▁▁▁▆▆▆▆▆▆
        │                            ▄▄▄▄▄████████████
128 MiB │                ▂▂▂▂▂▂▇▇▇▇▇▇█████████████████
        │     ▁▁▁▁▁▁▆▆▆▆▆█████████████████████████████
        │▄▄▄▄▄████████████████████████████████████████
    0 B └─────────────────────────────────────────────
0s                                                  8s"""


def life() -> list[JobSample]:
    """Return the samples of eight seconds: one core, none, two cores, half of one."""
    seconds = [0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 5.0, 7.0, 7.5]
    return [
        JobSample(
            NOON + timedelta(seconds=number),
            cpu_seconds=cpu,
            memory_bytes=number * 26 * MIB - 6 * MIB if number else None,
        )
        for number, cpu in enumerate(seconds)
    ]


@pytest.mark.parametrize("width", [24, 40, 54, 80, 200])
def test_a_life_fits(width: int) -> None:
    """No line is wider than the terminal, in 24 columns too, and both plots are there."""
    lines = life_lines(JOB, life(), width)

    assert max(map(text_width, lines)) <= width
    assert sum("┄" in line for line in lines) == 2
    assert any(line.startswith("CPU:") for line in lines)


@given(st.lists(SAMPLES, min_size=1, max_size=20), st.integers(24, 200))
def test_any_life_fits(samples: Sequence[JobSample], width: int) -> None:
    """Whatever was measured or not, and whatever the clock did, there is a page that fits."""
    lines = life_lines(ENDED, samples, width)

    assert max(map(text_width, lines)) <= width
    assert lines[0] == "Job 7: python3 train.py"


def test_a_short_life_has_numbers() -> None:
    """A job without a sample of its memory has no plot of it, and the kernel's peak."""
    samples = [
        JobSample(NOON, cpu_seconds=0.0),
        JobSample(NOON + timedelta(milliseconds=6), cpu_seconds=0.002),
    ]

    lines = life_lines(ENDED, samples, 80)

    assert lines[1] == "COMPLETED, 6ms, 2 samples"
    assert lines[-1] == "Memory: at most 200 MiB, limit 256 MiB"


def test_a_time_without_a_daemon_is_a_gap() -> None:
    """Where nobody looked for long, nothing is drawn."""
    samples = [
        JobSample(NOON + timedelta(seconds=second), cpu_seconds=float(second), memory_bytes=MIB)
        for second in (*range(10), *range(90, 100))
    ]

    (row,) = [line for line in life_lines(JOB, samples, 110) if line.startswith("100% ")]

    drawn = row.partition("│")[2]
    assert drawn.startswith("█████████ ")
    assert drawn.endswith((" █████████", " ██████████"))
    assert drawn.strip("█").isspace()


def test_a_job_that_did_little_has_an_axis_with_tenths() -> None:
    """The half of one percent is not one percent."""
    samples = [JobSample(NOON + timedelta(seconds=second), cpu_seconds=0.01 * second) for second in range(10)]

    lines = life_lines(JOB, samples, 80)

    assert [line.split()[0] for line in lines if "%" in line[:5]] == ["1.0%", "0.5%", "0%"]


def test_a_far_limit_is_told_in_words() -> None:
    """A limit that would press the curve to the ground is not drawn."""
    spans = [Span(0, 1, 10.0), Span(1, 2, 20.0)]

    near = plot_lines(spans, lambda value: f"{value:.0f}", width=30, limit=40.0)
    far = plot_lines(spans, lambda value: f"{value:.0f}", width=30, limit=400.0)

    assert "┄" in near[0]
    assert near[0].startswith("40 ")
    assert not any("┄" in line for line in far)
    assert far[0].startswith("20 ")


def test_an_output_without_blocks() -> None:
    """Where the encoding has no others, plain ASCII is drawn with."""
    lines = plot_lines([Span(0, 1, 1.0)], str, width=20, limit=1.0, glyphs=ASCII)

    assert all(line.isascii() for line in lines)
    assert any("=" in line or "#" in line for line in lines)


@given(SPANS, st.integers(1, 100))
def test_each_column_shows_the_most(parts: list[tuple[float, float]], count: int) -> None:
    """The highest value is in some column, and no column has one that never was."""
    spans, at = [], 0.0
    for length, value in parts:
        spans.append(Span(at, at + length, value))
        at += length

    columns = columns_of(spans, count)

    assert len(columns) == count
    found = [value for value in columns if value is not None]
    assert max(found) == max(span.value for span in spans)
    assert set(found) <= {span.value for span in spans}


def test_nothing_is_no_plot() -> None:
    """What was never measured has no plot."""
    assert plot_lines([], str, width=80) == []


def test_the_whole_picture() -> None:
    """One page, to the letter."""
    assert "\n".join(life_lines(ENDED, life(), 54)) == WIDE
    assert len([line for line in WIDE.splitlines() if "│" in line]) == 2 * (ROWS + 1)
