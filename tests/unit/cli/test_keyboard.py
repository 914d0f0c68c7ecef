"""Keys are the job's, but for those that leave."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from joblet.cli.keyboard import CTRL_C, LEAVING, Keyboard

KEYS = st.lists(st.sampled_from([b"\x10", b"\x11", b"\x03", b"a", b"\xc3\xb6"]), max_size=30).map(b"".join)


def parted(keys: bytes, cuts: list[int]) -> list[bytes]:
    """Return keys as they may be read: in any blocks."""
    borders = sorted({0, len(keys), *(cut for cut in cuts if cut < len(keys))})
    return [keys[start:end] for start, end in itertools.pairwise(borders)]


@given(KEYS, st.lists(st.integers(0, 60)))
def test_all_keys_up_to_the_leaving_ones_are_the_job_s(keys: bytes, cuts: list[int]) -> None:
    """In their order, whatever blocks they come in; only a last Ctrl-P is kept until the next key."""
    keyboard = Keyboard()
    passed = b""
    for block in parted(keys, cuts):
        passed += keyboard.passed(block)
        if keyboard.has_left.is_set():
            break

    before, leaving, _ = keys.partition(LEAVING)
    assert keyboard.has_left.is_set() == bool(leaving)
    assert passed == (before if leaving else keys.removesuffix(b"\x10"))


def test_ctrl_c_leaves_when_nobody_hears_it() -> None:
    """While the connection is lost it is ours, and the job's otherwise."""
    keyboard = Keyboard()
    assert keyboard.passed(CTRL_C) == CTRL_C
    assert not keyboard.has_left.is_set()

    keyboard.is_connected = False

    assert keyboard.passed(b"x" + CTRL_C) == b""
    assert keyboard.has_left.is_set()
