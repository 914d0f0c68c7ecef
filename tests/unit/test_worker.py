"""The second API's messages: what a job is in its words, and output that is text whatever its chunks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from joblet.errors import InvalidCommandError, ServerError
from joblet.job import Job, Reason
from joblet.wire import worker
from joblet.wire.generated import worker_pb2 as pb
from joblet.wire.worker import WorkerStatus
from support.jobs import jobs

CHARACTERS = "a\0\n\ufeff\u00fc\u20ac\U0001f98a"
OUTPUTS = st.one_of(
    st.binary(),
    # What borders are likeliest to break: characters of every length, whole and cut, among broken bytes.
    st.lists(st.one_of(st.sampled_from(CHARACTERS).map(str.encode), st.binary(max_size=2))).map(b"".join),
)


@given(OUTPUTS, st.lists(st.integers(0, 200)))
@example("\U0001f98a".encode(), [1, 2, 3])
@example("\U0001f98a".encode()[:3], [1, 2])
@example(b"\xed\xa0\x80", [1, 2])
def test_text_does_not_depend_on_the_chunks(output: bytes, cuts: list[int]) -> None:
    """Any bytes, cut anywhere, give the same text as decoded at once; nothing is refused."""
    borders = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]
    decoder = worker.output_decoder()

    texts = [decoder.decode(output[a:b]) for a, b in itertools.pairwise(borders)]

    assert "".join([*texts, decoder.decode(b"", final=True)]) == output.decode(errors="replace")


@given(st.text())
def test_text_comes_as_it_was_written(text: str) -> None:
    """Output that is UTF-8 is that text, byte by byte too."""
    decoder = worker.output_decoder()

    assert "".join(decoder.decode(bytes([byte])) for byte in text.encode()) == text


@given(st.lists(st.tuples(st.text(), st.integers(0, 30), st.integers(1, 7))))
def test_a_reader_gets_each_character_once(connections: list[tuple[str, int, int]]) -> None:
    """However many connections break off, and wherever, what is fresh is the text so far, in order."""
    cursor = worker.OutputCursor("1")
    text = "".join(written for written, _, _ in connections)
    received, furthest = "", 0

    for _, length, step in connections:
        assert cursor.request() == pb.GetOutputRequest(jobID="1")
        carried = text[:length]
        for start in range(0, len(carried), step):
            received += cursor.fresh(pb.GetOutputResponse(output=carried[start : start + step]))
        furthest = max(furthest, len(carried))

    assert received == text[:furthest]


@given(OUTPUTS, st.integers(0, 100))
def test_a_piece_fits_into_its_message(output: bytes, max_send_bytes: int) -> None:
    """A piece of output is a message within the cap, whatever was held back before it; never empty."""
    piece_bytes = worker.output_piece_bytes(max_send_bytes)
    decoder = worker.output_decoder()
    sizes = [
        pb.GetOutputResponse(output=decoder.decode(output[start : start + piece_bytes])).ByteSize()
        for start in range(0, len(output), piece_bytes)
    ]

    assert piece_bytes >= 1
    assert max(sizes, default=0) <= max(max_send_bytes, 20)


@given(jobs())
def test_a_job_is_told_in_the_apis_words(job: Job) -> None:
    """RUNNING until the end; then EXITED, or UNKNOWN if nobody saw it; code, pid and command as elsewhere."""
    message = pb.QueryStatusResponse.FromString(worker.job_to_message(job).SerializeToString())

    told = worker.job_from_message(job.id, message)

    is_lost = job.ending is not None and job.ending.reason is Reason.LOST
    assert (told.status is WorkerStatus.RUNNING) == (job.ending is None)
    assert (told.status is WorkerStatus.UNKNOWN) == is_lost
    assert (told.id, told.command, told.pid) == (job.id, job.spec.command, job.pid)
    assert told.exit_code == job.exit_code


@given(jobs())
def test_a_start_succeeds_when_the_command_executed(job: Job) -> None:
    """A pid is a success; without one the message says which job, and why, as far as that is known."""
    answer = worker.started_to_message(job)

    assert (answer.jobID, answer.pid, answer.success) == (job.id, job.pid, job.pid > 0)
    assert bool(answer.message) == (not answer.success)
    if job.ending and not answer.success:
        assert f": {job.id} (" in answer.message
        assert (job.ending.detail or job.ending.reason) in answer.message


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (pb.StartResponse(jobID="1", pid=7, success=True), worker.Started("1", 7)),
        (pb.StartResponse(jobID="1", message="no"), worker.Started("1", 0, "no")),
        (pb.StartResponse(jobID="1", pid=7, message="no"), worker.Started("1", 0, "no")),
    ],
)
def test_no_success_is_no_pid(message: pb.StartResponse, expected: worker.Started) -> None:
    """A start that was no success has no pid, whatever else a server says."""
    assert worker.started_from_message(message) == expected


def test_a_start_is_asked_with_the_default_limits() -> None:
    """The words become the command and its arguments; all else is the server's default."""
    spec = worker.spec_from_message(pb.StartRequest(commandName="ls", Arguments=["-l", ""]))

    assert (spec.command, spec.args) == ("ls", ("-l", ""))
    assert (spec.limits.cpu_percent, spec.limits.memory_mb, spec.limits.io_bps) == (0, 0, 0)
    with pytest.raises(InvalidCommandError, match="command is empty"):
        worker.spec_from_message(pb.StartRequest())


def test_a_status_of_tomorrow_is_an_error_of_the_server() -> None:
    """A status that the document does not have is a malformed answer, not a ValueError."""
    message = pb.QueryStatusResponse.FromString(b"\x20\x09")

    with pytest.raises(ServerError, match="malformed answer: job 7: "):
        worker.job_from_message("7", message)
