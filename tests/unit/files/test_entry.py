"""Links that may be carried lead inside, whatever other links are on their way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joblet.files.entry import why_outside
from support.trees import leads_inside


def followed(path: bytes) -> bytes:
    """Return where the kernel ends up, empty if nowhere."""
    try:
        fd = os.open(path, os.O_PATH)
    except OSError:
        return b""
    try:
        return os.readlink(f"/proc/self/fd/{fd}".encode())
    finally:
        os.close(fd)


STEPS = st.sampled_from([b"..", b"../..", b"a", b"a/a/link", b"link", b"./"])
TARGETS = st.lists(STEPS, min_size=1, max_size=3).map(b"/".join)
LINKS = st.fixed_dictionaries({b"a/a/link": TARGETS, b"link": TARGETS, b"a/link": TARGETS})


@settings(deadline=None, max_examples=500)
@given(links=LINKS)
def test_no_link_leads_outside(links: Mapping[bytes, bytes]) -> None:
    """Followed by the kernel, through the others, each that may be carried ends below the top, or nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        top = os.fsencode(os.path.realpath(folder)) + b"/top"
        os.makedirs(top + b"/a/a")
        for place, target in links.items():
            if leads_inside(place, target):
                os.symlink(target, os.path.join(top, place))
        for place in links:
            end = followed(os.path.join(top, place)) or top
            assert end == top or end.startswith(top + b"/")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"link", b"file"),
        (b"link", b"./a//file"),
        (b"a/link", b"../file"),
        (b"a/b/link", b"../../c/file"),
        (b"a/link", b".."),
        (b"link", b"."),
    ],
)
def test_links_that_lead_inside(path: bytes, target: bytes) -> None:
    """A link may climb as high as the top."""
    assert why_outside(path, target) == ""


def test_links_that_look_harmless_together() -> None:
    """The second one would climb from where the first one leads, and not from where it stands."""
    assert leads_inside(b"a/b/c/up", b"../../../r")
    assert not leads_inside(b"out", b"a/b/c/up/../../x")
