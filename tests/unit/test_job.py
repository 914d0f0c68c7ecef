"""The transition table and what a job spec refuses."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import InvalidCommandError
from joblet.job import (
    REFUSED_IN_COMMAND,
    TERMINAL,
    TRANSITIONS,
    Ending,
    Event,
    IllegalTransition,
    Job,
    JobSpec,
    JobStatus,
    Reason,
    transition,
)

NOW = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
PAIRS = [(status, event) for status in JobStatus for event in Event]


@pytest.mark.parametrize(("status", "event"), PAIRS)
def test_a_pair_outside_the_table_is_illegal(status: JobStatus, event: Event) -> None:
    """A status changes as the table says, or not at all."""
    if (status, event) in TRANSITIONS:
        assert transition(status, event) is TRANSITIONS[status, event]
    else:
        with pytest.raises(
            IllegalTransition, match=f"{event.value} cannot happen to a job that is {status.value}"
        ):
            transition(status, event)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_terminal_status_has_no_way_out(status: JobStatus) -> None:
    """Terminal is final: no event of any kind is allowed."""
    assert status.is_terminal
    assert not [pair for pair in TRANSITIONS if pair[0] is status]


@given(st.lists(st.sampled_from(Event), max_size=8))
def test_any_history_ends_in_at_most_one_terminal_status(events: list[Event]) -> None:
    """Whatever is thrown at a job, it leaves INITIALIZING at most once and ends at most once."""
    status = JobStatus.INITIALIZING
    seen = [status]
    for event in events:
        try:
            status = transition(status, event)
        except IllegalTransition:
            continue
        seen.append(status)

    assert len(set(seen)) == len(seen)
    assert sum(one.is_terminal for one in seen) <= 1


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending(Reason.EXITED, exit_code=0), JobStatus.COMPLETED),
        (Ending(Reason.EXITED, exit_code=42), JobStatus.FAILED),
        (Ending(Reason.SIGNAL, signal=11), JobStatus.FAILED),
        (Ending(Reason.OOM, signal=9), JobStatus.FAILED),
        (Ending(Reason.LOST), JobStatus.FAILED),
        (Ending(Reason.STOPPED, signal=15), JobStatus.STOPPED),
        (Ending(Reason.STOPPED, exit_code=0), JobStatus.STOPPED),
        (Ending(Reason.TIMEOUT, signal=9), JobStatus.STOPPED),
    ],
)
def test_an_ending_decides_the_status(ending: Ending, status: JobStatus) -> None:
    """Only exit code 0 completes a job; a stop and a timeout are STOPPED, everything else FAILED."""
    job = Job(id="1", spec=JobSpec("true"), started_at=NOW).after_start(123).after_end(ending, NOW)

    assert job.status is status
    assert job.ended_at == NOW
    assert job.exit_code == ending.exit_code


def test_an_unknown_end_is_never_zero() -> None:
    """A lost job reads as -1, not as success."""
    job = Job(id="1", spec=JobSpec("true"), started_at=NOW).after_end(Ending(Reason.LOST), NOW)

    assert job.exit_code == -1
    assert job.status is JobStatus.FAILED


def test_an_illegal_end_changes_nothing() -> None:
    """A job that has ended cannot end again."""
    ended = Job(id="1", spec=JobSpec("true"), started_at=NOW).after_end(Ending(Reason.LOST), NOW)
    before = replace(ended)

    with pytest.raises(IllegalTransition):
        ended.after_end(Ending(Reason.EXITED, exit_code=0), NOW)
    assert ended == before


def test_a_command_is_required() -> None:
    """An empty command is refused in the API's words."""
    with pytest.raises(InvalidCommandError, match=r"^invalid command: command is empty$"):
        JobSpec("")


@pytest.mark.parametrize("character", [*sorted(REFUSED_IN_COMMAND), "\0", "\n", "\x1b", "\x7f"])
def test_shell_syntax_in_a_command_is_refused(character: str) -> None:
    """Each dangerous character is refused in the command, wherever it stands."""
    with pytest.raises(InvalidCommandError, match="command contains dangerous characters"):
        JobSpec(f"echo{character}x")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_arguments_are_free(args: list[str]) -> None:
    """Arguments carry any text but NUL, shell syntax included."""
    assert JobSpec("bash", tuple(args)).args == tuple(args)


@pytest.mark.parametrize(
    ("argument", "why"), [("a\0b", "contains a NUL byte"), ("\ud800", "is not text that UTF-8 can carry")]
)
def test_an_argument_that_cannot_be_carried_is_refused(argument: str, why: str) -> None:
    """The message names the argument by position."""
    with pytest.raises(InvalidCommandError, match=f"argument 2 {why}"):
        JobSpec("echo", ("fine", argument))
