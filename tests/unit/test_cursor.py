"""A reader's way through a log, over any number of connections to any kind of server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import ServerError
from joblet.wire.cursor import Cursor
from joblet.wire.generated import joblet_pb2 as pb

LOG = bytes(range(100))


def served(offset: int, *, chunk_bytes: int, tells: bool) -> list[pb.DataChunk]:
    """Return what a server sends; one that tells no offsets does not know the request's either."""
    starts = range(offset if tells else 0, len(LOG), chunk_bytes)
    return [
        pb.DataChunk(payload=LOG[start : start + chunk_bytes], offset=start if tells else None)
        for start in starts
    ]


@given(st.integers(0, 120), st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5))), st.booleans())
def test_each_byte_once(offset: int, connections: list[tuple[int, int]], tells: bool) -> None:
    """However many chunks arrive before each loss, all arrive in the end, none twice."""
    cursor = Cursor("1", offset=offset)
    received = b""
    for chunk_bytes, heard in [*connections, (7, len(LOG))]:
        chunks = served(cursor.request().offset, chunk_bytes=chunk_bytes, tells=tells)
        received += b"".join(cursor.fresh(chunk) for chunk in chunks[:heard])

    assert received == LOG[offset:]


def test_a_gap_is_an_error() -> None:
    """Output that is missing in the middle is never passed over."""
    cursor = Cursor("1")
    cursor.request()

    with pytest.raises(ServerError, match=r"^the log of job 1 comes without bytes 0 to 5$"):
        cursor.fresh(pb.DataChunk(payload=b"x", offset=5))


def test_the_last_lines_are_asked_for_once() -> None:
    """Where the last lines began is where a later connection goes on, whatever the last lines are by then."""
    cursor = Cursor("1", tail_lines=10)
    assert cursor.request().tailLines == 10
    assert cursor.fresh(pb.DataChunk(payload=b"abc", offset=90)) == b"abc"

    assert cursor.request() == pb.GetJobLogsReq(id="1", offset=93)


def test_a_server_that_knows_no_last_lines() -> None:
    """All of a log is not passed off as its last lines."""
    cursor = Cursor("1", tail_lines=10)
    cursor.request()

    with pytest.raises(ServerError, match="cannot start at the last lines"):
        cursor.fresh(pb.DataChunk(payload=b"abc"))
