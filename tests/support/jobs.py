"""Any job there can be, as hypothesis strategies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from joblet.job import REFUSED_IN_COMMAND, Ending, Event, Job, JobSpec, Reason, Terminal, Usage
from joblet.limits import INT32_MAX, Limits
from joblet.metrics import JobSample

INT32 = st.integers(0, INT32_MAX)
INT64 = st.integers(0, 2**63 - 1)
TEXTS = st.text()
TIMES = st.datetimes(timezones=st.just(UTC))
COMMANDS = st.text(min_size=1).filter(
    lambda text: text.isprintable() and not REFUSED_IN_COMMAND.intersection(text)
)
WORDS = st.text("abcxyz0123456789-_ ", max_size=20)
SPECS = st.builds(
    JobSpec,
    command=COMMANDS,
    args=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"))).map(tuple),
    limits=st.builds(Limits, cpu_percent=INT32, memory_mb=INT32, io_bps=INT32),
    workdir=WORDS,
    timeout_seconds=st.floats(0, 1e6),
    stop_grace_seconds=st.none() | st.floats(0, 1e6),
    name=WORDS,
    stdin=st.booleans(),
    terminal=st.none() | st.builds(Terminal, rows=st.integers(0, 65535), columns=st.integers(0, 65535)),
)
USAGES = st.builds(
    Usage,
    cpu_seconds=st.none() | st.floats(min_value=0, allow_nan=False),
    peak_memory_bytes=st.none() | INT64,
    read_bytes=st.none() | INT64,
    written_bytes=st.none() | INT64,
)
ENDINGS = st.builds(
    Ending,
    reason=st.sampled_from(Reason),
    exit_code=st.integers(-1, 255),
    signal=st.integers(0, 64),
    detail=TEXTS,
    log_bytes=INT64,
    dropped_bytes=INT64,
    usage=USAGES,
)

SAMPLES = st.builds(
    JobSample,
    at=st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001  the strategy adds it
    cpu_seconds=st.none() | st.integers(0, 2**40).map(lambda micros: micros / 1e6),
    memory_bytes=st.none() | INT64,
    read_bytes=st.none() | INT64,
    written_bytes=st.none() | INT64,
    log_bytes=st.none() | INT64,
)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Draw a job at any moment of a life that the transition table allows."""
    job = Job(
        id=str(draw(st.integers(min_value=1))), spec=draw(SPECS), started_at=draw(TIMES), owner=draw(TEXTS)
    )
    if draw(st.booleans()):
        return job
    ending = draw(ENDINGS)
    if ending.event is Event.SUCCEEDED or draw(st.booleans()):
        job = replace(job.after_start(draw(INT32)), usage=draw(st.none() | USAGES))
    return draw(st.just(job) | TIMES.map(lambda time: job.after_end(ending, time)))
