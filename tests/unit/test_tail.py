"""Where the last lines of a log begin."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.errors import StorageError
from joblet.runner.logs import CHUNK_BYTES, tail_offset


@given(st.lists(st.sampled_from([b"\n", b"a", b"\xff\x00", b"x" * CHUNK_BYTES])), st.integers(0, 5))
def test_last_lines(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], lines: int) -> None:
    """They are those of tail(1): the last one may lack its newline, and too many are all of them."""
    path = tmp_path_factory.mktemp("log") / "output.log"
    output = b"".join(parts)
    path.write_bytes(output)

    start = tail_offset(path, lines, len(output))

    every_line = lines_of(output)
    assert output[start:] == b"".join(every_line[len(every_line) - min(lines, len(every_line)) :])


def lines_of(output: bytes) -> list[bytes]:
    pieces = [piece + b"\n" for piece in output.split(b"\n")]
    return [*pieces[:-1], *([pieces[-1][:-1]] if pieces[-1] != b"\n" else [])]


def test_a_log_that_goes_on_meanwhile(tmp_path: Path) -> None:
    """What is written after the size was taken does not count."""
    path = tmp_path / "output.log"
    path.write_bytes(b"one\ntwo\nthree\n")

    assert tail_offset(path, 1, 8) == 4


def test_a_log_that_was_cut(tmp_path: Path) -> None:
    """A log that is shorter than it should be is an error, not an endless search."""
    path = tmp_path / "output.log"
    path.write_bytes(b"")

    with pytest.raises(StorageError):
        tail_offset(path, 1, 8)
