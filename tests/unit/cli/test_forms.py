"""Jobs as JSON and as tables: the documented fields, whatever the job; lines that fit, whatever the width."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.cli import ends
from joblet.cli.explain import explanation
from joblet.cli.jobtable import job_columns
from joblet.cli.render import duration_text
from joblet.cli.schema import as_json, ending_fields, job_fields
from joblet.cli.table import cut, lines_of, text_width
from joblet.configfile.units import parse_duration
from joblet.job import Ending, Job, JobSpec, Reason
from joblet.limits import Limits
from support.fakeservice import ENDED_AT, STARTED_AT
from support.jobs import jobs

DOCUMENT = Path(__file__).parents[3] / "docs/reference/output.md"
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "list of strings": list,
    "object": dict,
}
SGR = re.compile(r"\x1b\[[0-9]+m")


def documented(first: str, last: str) -> dict[str, str]:
    """Return the fields of the document's tables between two of them, with their types."""
    rows = re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", DOCUMENT.read_text(), re.MULTILINE)
    names = [name for name, _ in rows]
    return dict(rows[names.index(first) : names.index(last) + 1])


@given(jobs())
def test_json_is_as_documented(job: Job) -> None:
    """Every field of every job is in the document, in its order and with its type, and nothing else is."""
    fields = json.loads(as_json(job_fields(job)))
    sections = [(fields, documented("id", "usage"))]
    if job.ending:
        sections.append((json.loads(as_json(ending_fields(job))), documented("reason", "writtenBytes")))

    if job.usage:
        sections.append((fields["usage"], documented("cpuSeconds", "writtenBytes")))

    for section, types in sections:
        assert list(section) == list(types)
        for name, value in section.items():
            assert value is None or isinstance(value, TYPES[types[name]])
    assert as_json(fields).isascii()


@given(st.lists(jobs(), min_size=1, max_size=5), st.integers(24, 300), st.booleans(), st.booleans())
def test_a_table_fits(some: list[Job], width: int, is_wide: bool, is_coloured: bool) -> None:
    """No line is wider than the terminal, from 24 columns on, and each job has one."""
    some = [replace(job, id=str(number)) for number, job in enumerate(some)]
    columns = job_columns(some, is_wide=is_wide, is_terminal=True)

    lines = lines_of(columns, width, is_coloured=is_coloured)

    assert len(lines) == 1 + len(some)
    assert all(text_width(SGR.sub("", line)) <= width for line in lines)
    assert lines[0].split()[:2] == ["ID", "STATUS"]


@given(st.lists(jobs(), min_size=1, max_size=3))
def test_a_pipe_gets_everything(some: list[Job]) -> None:
    """Where there is no terminal nothing is cut, coloured or relative."""
    lines = lines_of(job_columns(some, is_wide=True, is_terminal=False), None)

    for job, line in zip(some, lines[1:], strict=True):
        assert "\x1b" not in line
        assert " ago" not in line or " ago" in job.spec.command
        assert line.rstrip().endswith(
            job_columns([job], is_wide=False, is_terminal=False)[-1].cells[0].rstrip()
        )


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("hello", 5, "hello"),
        ("hello", 4, "hel…"),
        ("漢字漢字", 5, "漢字…"),
        ("漢字", 3, "漢…"),
        ("e\u0301e", 2, "e\u0301e"),
    ],
)
def test_cutting(text: str, width: int, shown: str) -> None:
    """Wide characters count twice, combining ones not at all."""
    assert cut(text, width) == shown


@given(st.integers(0, 10**10).map(lambda ms: ms / 1000))
def test_a_shown_duration_can_be_given(seconds: float) -> None:
    """What is shown of a duration is what a flag takes for it."""
    if seconds <= 87600 * 3600:
        assert parse_duration(duration_text(seconds)) == pytest.approx(seconds)


RUNNING = Job(id="1", spec=JobSpec("make", limits=Limits(100, 512)), started_at=STARTED_AT).after_start(7)


@pytest.mark.parametrize(
    ("ending", "code", "why", "hint"),
    [
        (Ending(Reason.EXITED, 3), 3, "returned exit code 3", ""),
        (Ending(Reason.SIGNAL, signal=11), 139, "SIGSEGV (11)", ""),
        (Ending(Reason.SIGNAL, signal=40), 168, "Signal 40", ""),
        (Ending(Reason.OOM, signal=9), 137, "more memory than its 512 MB", "--max-memory 768"),
        (Ending(Reason.TIMEOUT, signal=15), 143, "longer than 1h", "--timeout 2h"),
        (Ending(Reason.STOPPED, signal=9), 137, "stopped by ann", ""),
        (Ending(Reason.START_FAILED, 127, detail="exec: No such file"), 127, "exec: No such file", "path"),
        (Ending(Reason.START_FAILED, 126), 126, "unknown why", "interpreter"),
        (Ending(Reason.START_FAILED), 125, "never executed", ""),
        (Ending(Reason.LOST, detail="the host died"), 125, "the host died", "before you start it again"),
    ],
)
def test_an_end_in_words(ending: Ending, code: int, why: str, hint: str) -> None:
    """Each way to end has its exit code, its sentence, and a hint where there is something to try."""
    spec = replace(RUNNING.spec, timeout_seconds=3600)
    job = replace(RUNNING.after_end(ending, ENDED_AT), spec=spec, stopped_by="ann")

    assert ends.shell_code(job) == code
    assert why in ends.why(job)
    assert hint in ends.hint(job)
    assert bool(hint) == bool(ends.hint(job))


@given(jobs(), st.lists(st.text(), max_size=3))
def test_any_end_can_be_explained(job: Job, lines: list[str]) -> None:
    """Whatever the job and its output, the explanation is lines that a terminal shows as they are."""
    assert all(line.isprintable() for line in explanation(job, lines))
