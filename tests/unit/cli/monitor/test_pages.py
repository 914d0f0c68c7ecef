"""A host's metrics as pages: to the letter at some sizes, and within any size."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.cli.figures import age_text, bytes_text, percent_text, rate_text
from joblet.cli.monitor.options import parse_interval, parse_types
from joblet.cli.monitor.pages import shortened, status_page, top_page
from joblet.cli.monitor.schema import system_fields
from joblet.cli.table import text_width
from joblet.cli.terminal import frame
from joblet.metrics import SystemMetrics
from support.systems import SYSTEM, values

STATUS = """\
Host:       box (debian 12, linux 6.1.0, x86_64)
Up:         3d, since 2024-01-12T12:00:00Z
CPU:        2 cores, 62.5% used, load 0.50 1.25 2.00
Memory:     2.0 GiB of 8.0 GiB used, 6.0 GiB available
Swap:       none
Disk:       25.0 GiB of 100 GiB used (25.0%, 10.0% of inodes): /, /dev/vda1, ext4
I/O:        0 B/s read, 1.5 MiB/s written
Network:    eth0: 2.5 MiB/s received, 512 B/s sent
Processes:  120 (2 running, 1 zombies), 300 threads
Jobs:       2 running"""

TOP = """\
2024-01-15T12:00:00Z  box  up 3d
CPU     50.0% user  12.5% system  30.0% idle  7.5% I/O wait  0.0% stolen
Load    0.50  1.25  2.00  on 2 cores
Memory  2.0 GiB of 8.0 GiB used  6.0 GiB available
I/O     0 B/s read  1.5 MiB/s written

JOB    CPU   MEMORY    LIMIT   READ    WRITTEN   OUTPUT  NAME     COMMAND
 12  99.5%  300 MiB  512 MiB  0 B/s  2.0 MiB/s  100 B/s           python3 train.py
  7                                                      nightly  make \\x1b[2Jall

PID    CPU   MEMORY  USER    STATUS   COMMAND
300  90.0%  300 MiB  nobody  running  program-0 with arguments
299  89.0%  299 MiB  nobody  running  program-1 with arguments
298  88.0%  298 MiB  nobody  running  program-2 with arguments
297  87.0%  297 MiB  nobody  running  program-3 with arguments
296  86.0%  296 MiB  nobody  running  program-4 with arguments
295  85.0%  295 MiB  nobody  running  program-5 with arguments
294  84.0%  294 MiB  nobody  running  program-6 with arguments
293  83.0%  293 MiB  nobody  running  program-7 with arguments
292  82.0%  292 MiB  nobody  running  program-8 with arguments
291  81.0%  291 MiB  nobody  running  program-9 with arguments

 RECEIVED     SENT  LOST  INTERFACE
2.5 MiB/s  512 B/s     3  eth0"""

NARROW = """\
2024-01-15T12:00:00Z
    box  up 3d
CPU     50.0% user
    12.5% system  30.0%
    idle  7.5% I/O wait
    0.0% stolen
Load    0.50  1.25  2.00
    on 2 cores
Memory  2.0 GiB of 8.0
    GiB used  6.0 GiB
    available
I/O     0 B/s read  1.5
    MiB/s written

JOB    CPU  COMMAND
 12  99.5%  python3 tra…
  7         make \\x1b[2…

PID    CPU  COMMAND
300  90.0%  program-0 w…
299  89.0%  program-1 w…

 RECEIVED  INTERFACE
2.5 MiB/s  eth0"""


def test_facts() -> None:
    """A pipe gets a line for each fact."""
    assert "\n".join(status_page(SYSTEM, None)) == STATUS


def test_top() -> None:
    """A pipe gets every column and row whole; what a job calls itself moves no cursor."""
    assert "\n".join(top_page(SYSTEM, None)) == TOP


def test_top_in_a_small_terminal() -> None:
    """In 24 columns and 24 lines all tables are there, with what is dearest in each."""
    assert "\n".join(top_page(SYSTEM, 24, 24)) == NARROW


def test_top_in_a_tiny_terminal() -> None:
    """In 24 columns and 12 lines the jobs are there, at the cost of what is above the tables."""
    page = top_page(SYSTEM, 24, 12)

    assert len(page) == 12
    assert page[3:6] == ["", "JOB    CPU  COMMAND", " 12  99.5%  python3 tra…"]


def test_what_was_not_asked_for_is_not_there() -> None:
    """Of nothing but the time there is an empty page; of jobs only their table."""
    assert top_page(SystemMetrics(at=SYSTEM.at), 80, 24) == []
    assert status_page(SystemMetrics(at=SYSTEM.at), 80, has_jobs=False) == []
    assert top_page(SystemMetrics(at=SYSTEM.at, jobs=SYSTEM.jobs), 40) == [
        "",
        "JOB    CPU   MEMORY   OUTPUT  COMMAND",
        " 12  99.5%  300 MiB  100 B/s  python3 t…",
        "  7                           make \\x1b…",
    ]


@given(values(SystemMetrics), st.integers(24, 200), st.integers(1, 60))
def test_a_page_fits(system: SystemMetrics, width: int, height: int) -> None:
    """No page is higher than the terminal, none of its lines can move the cursor."""
    page = top_page(system, width, height)

    assert len(page) <= height
    assert all(line.isprintable() for line in (*page, *status_page(system, width)))


@pytest.mark.parametrize("width", range(24, 120, 7))
def test_a_line_fits(width: int) -> None:
    """No line is wider than the terminal."""
    pages = [*top_page(SYSTEM, width, 30), *status_page(SYSTEM, width)]

    assert max(map(text_width, pages)) <= width


@given(st.lists(st.integers(1, 20), min_size=1, max_size=3), st.integers(-5, 60))
def test_tables_get_shorter_the_longest_first(rows: list[int], room: int) -> None:
    """They take what room there is, and none loses its last row."""
    shown = shortened(rows, room)

    assert all(1 <= count <= before for count, before in zip(shown, rows, strict=True))
    assert sum(shown) <= max(room, len(rows))
    assert sum(shown) == min(sum(rows), max(room, len(rows)))


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1.0 KiB"),
        (99.94 * 1024, "99.9 KiB"),
        (99.96 * 1024, "100 KiB"),
        (1 << 20, "1.0 MiB"),
        (2**50 * 5000, "5000 PiB"),
        (None, ""),
    ],
)
def test_sizes(count: float | None, text: str) -> None:
    """Three digits in the unit that fits."""
    assert bytes_text(count) == text


def test_other_figures() -> None:
    """What is not known is nothing, never 0."""
    assert (rate_text(2048), rate_text(None)) == ("2.0 KiB/s", "")
    assert (percent_text(12.34), percent_text(None)) == ("12.3%", "")
    assert [age_text(seconds) for seconds in (0, 59.9, 61, 3725, 90061, 86400)] == [
        "0s",
        "59s",
        "1m1s",
        "1h2m",
        "1d1h",
        "1d",
    ]


@given(values(SystemMetrics))
def test_json_has_the_api_s_names(system: SystemMetrics) -> None:
    """Every field is there, by the API's name; what was not measured is null."""
    fields = json.loads(json.dumps(system_fields(system)))

    names = ["timestamp", "host", "cpu", "memory", "disks", "networks", "io", "processes", "jobs"]
    assert list(fields) == names
    if system.cpu:
        assert fields["cpu"]["ioWaitTime"] == system.cpu.io_wait_percent


def test_json_of_a_job() -> None:
    """A job that has just begun has no rates, which is null."""
    first = system_fields(SYSTEM)["jobs"][0]

    assert (first["id"], first["cpuPercent"], first["outputRate"]) == ("7", None, None)


def test_json_times() -> None:
    """Times are RFC 3339, to the microsecond."""
    odd = replace(SYSTEM, at=datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC))

    assert system_fields(odd)["timestamp"] == "2024-01-02T03:04:05.000006Z"


@pytest.mark.parametrize(("text", "seconds"), [("1", 1), ("30", 30), ("2s", 2), ("1m30s", 90), ("1h", 3600)])
def test_intervals(text: str, seconds: int) -> None:
    """A number of seconds, or a duration as everywhere."""
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "500ms", "1.5s", "2h", "soon", ""])
def test_malformed_intervals(text: str) -> None:
    """What is none is refused with what was expected."""
    with pytest.raises(ValueError, match=r"whole seconds|duration"):
        parse_interval(text)


def test_types() -> None:
    """Types are parted by commas, in any case."""
    assert parse_types("cpu, JOB") == ["cpu", "job"]
    with pytest.raises(ValueError, match="some of cpu,memory,disk,network,io,process,job"):
        parse_types("cpu,")


def test_a_frame_is_drawn_over_the_last() -> None:
    """Nothing is cleared before it is drawn over, so nothing flickers; what was longer is cleared behind."""
    assert frame(["a", "b"]) == "\x1b[Ha\x1b[K\nb\x1b[K\x1b[J"
