"""Messages read without protobuf are those that protobuf reads."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import example, given
from hypothesis import strategies as st

from joblet.cli.quick.answer import job_of
from joblet.cli.quick.message import JOB, JOBS, Table, read_message
from joblet.job import Job
from joblet.wire.convert import job_to_message
from joblet.wire.generated import joblet_pb2 as pb
from support.jobs import jobs

KINDS = {
    FieldDescriptor.TYPE_STRING: str,
    FieldDescriptor.TYPE_INT32: int,
    FieldDescriptor.TYPE_INT64: int,
    FieldDescriptor.TYPE_DOUBLE: float,
    FieldDescriptor.TYPE_BOOL: bool,
}


Fields = dict[int, tuple[str, Any]]
"""Name and kind by number."""


def described(descriptor: Any) -> Fields:
    """Return what the proto says of a message's fields."""
    fields: Fields = {}
    for field in descriptor.fields:
        kind = described(field.message_type) if field.message_type else KINDS[field.type]
        fields[field.number] = (field.name, [kind] if field.is_repeated else kind)
    return fields


def tabled(table: Table) -> Fields:
    """Return what our table says, in the same form."""

    def plain(kind: object) -> object:
        return tabled(kind) if isinstance(kind, Table) else kind

    return {
        number: (name, [plain(kind[0])] if isinstance(kind, list) else plain(kind))
        for number, (name, kind) in table.fields.items()
    }


def test_the_tables_are_those_of_the_proto() -> None:
    """Each field of a job is in the tables, with number and kind; a new one needs a line in `message.py`."""
    expected = described(pb.Job.DESCRIPTOR)
    expected[19][1][1] = ("environment", [bytes])  # never sent, and so not worth a table

    assert tabled(JOB) == expected
    assert tabled(JOBS) == {1: ("jobs", [expected])}


@given(jobs())
def test_a_job_is_the_same(job: Job) -> None:
    """A job equals what is read back from its bytes."""
    sent = job_to_message(job, pb.Job).SerializeToString()

    assert job_of(read_message(JOB, sent)) == job


@given(st.lists(jobs(), max_size=4))
def test_a_list_is_the_same(listed: list[Job]) -> None:
    """All jobs of a list are read, in order."""
    sent = pb.Jobs(jobs=[job_to_message(job, pb.Job) for job in listed]).SerializeToString()

    assert [job_of(message) for message in read_message(JOBS, sent).jobs] == listed


def test_a_field_of_a_later_version_is_passed_over() -> None:
    """Unknown numbers of every wire type change nothing, as in protobuf."""
    unknown = b"\xa0\x06\x96\x01" + b"\xa1\x06" + bytes(8) + b"\xa2\x06\x03abc" + b"\xa5\x06" + bytes(4)
    job = pb.Job(id="7", status="RUNNING")

    assert read_message(JOB, unknown + job.SerializeToString()).id == "7"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"\x0a\x05abc", "malformed"),
        (b"\x0a", "no number"),
        (b"\xff" * 11, "no number"),
        (b"\x0b\x0c", "malformed"),
        (b"\x08\x01", "wire type 0"),
        (b"\x0a\x017\x0a\x018", "twice: id"),
        (b"\x0a\x01\xff", "utf-8"),
    ],
    ids=["cut", "no length", "endless number", "group", "wrong type", "twice", "no text"],
)
def test_what_is_malformed(sent: bytes, why: str) -> None:
    """What no server of ours sends is refused, not guessed."""
    with pytest.raises(ValueError, match=why):
        read_message(JOB, sent)


@given(st.binary())
@example(b"\0\0")
@example(b"\x80\x80\x80\x80\x10\0")
def test_any_bytes(sent: bytes) -> None:
    """Bytes that protobuf refuses are refused."""
    try:
        pb.Job.FromString(sent)
    except Exception:  # noqa: BLE001  DecodeError has another class in each of protobuf's implementations
        with pytest.raises(ValueError):  # noqa: PT011  what is wrong is not the point
            read_message(JOB, sent)
