"""What a hostile sender of files says: each is to be refused, and nothing to be written outside."""

from __future__ import annotations

from collections.abc import Sequence

from joblet.files.entry import DEEPEST, Entry, Kind, LeftOut, Piece

FOLDER = Entry(b"folder", Kind.FOLDER, 0o755)
FILE = Entry(b"file")
OUT = b"../canary/out"


def link(target: bytes, path: bytes = b"link") -> Entry:
    return Entry(path, Kind.LINK, target=target)


HOSTILE: dict[str, tuple[Sequence[Piece], str]] = {
    "climbing": ([Entry(OUT)], "expected a relative path"),
    "climbing in the middle": ([FOLDER, Entry(b"folder/../../canary/out")], "expected a relative path"),
    "absolute": ([Entry(b"/tmp/out")], "expected a relative path"),
    "empty": ([Entry(b"")], "expected a relative path"),
    "the folder itself": ([Entry(b".", Kind.FOLDER)], "expected a relative path"),
    "above": ([Entry(b"..", Kind.FOLDER)], "expected a relative path"),
    "an empty component": ([FOLDER, Entry(b"folder//out")], "expected a relative path"),
    "a slash at the end": ([Entry(b"folder/", Kind.FOLDER)], "expected a relative path"),
    "a dot": ([FOLDER, Entry(b"folder/./out")], "expected a relative path"),
    "NUL": ([Entry(b"out\0")], "NUL"),
    "a long name": ([Entry(b"x" * 256)], "at most 4095 bytes, and 255 in a component"),
    "a long path": ([Entry(b"/".join([b"x" * 200] * 21))], "at most 4095 bytes"),
    "deep": ([Entry(b"/".join([b"x"] * (DEEPEST + 1)))], "at most 100 components"),
    "below a link": ([link(b"folder"), Entry(b"link/out")], "its folder was not given"),
    "below a link that leads outside": ([link(b"../canary"), Entry(b"link/out")], "leads outside"),
    "below a link in the place of a folder": (
        [FOLDER, link(b"other", b"folder"), Entry(b"folder/out")],
        "given twice",
    ),
    "below a file": ([FILE, Entry(b"file/out")], "its folder was not given"),
    "below nothing": ([Entry(b"nothing/out")], "its folder was not given"),
    "back in a folder that was left": ([FOLDER, FILE, Entry(b"folder/out")], "its folder was not given"),
    "a file twice": ([FILE, FILE], "given twice"),
    "a folder twice": ([FOLDER, FILE, FOLDER], "given twice"),
    "a link in the place of a file": ([FILE, link(b"folder", b"file")], "given twice"),
    "a file in the place of a link": ([link(b"folder"), Entry(b"link")], "given twice"),
    "a link to nowhere": ([link(b"")], "leads nowhere"),
    "a link with NUL": ([link(b"a\0b")], "leads nowhere"),
    "an absolute link": ([link(b"/etc/passwd")], "leads outside"),
    "a link that climbs out": ([link(b"../canary")], "leads outside"),
    "a link that climbs out from below": ([FOLDER, link(b"../../canary", b"folder/link")], "leads outside"),
    "a link that climbs after a name": ([FOLDER, link(b"folder/../x")], "climbs after a name"),
    "content of nothing": ([b"content"], "no file"),
    "content of a folder": ([FOLDER, b"content"], "folder: it has content and is no file"),
    "content of a link": ([link(b"folder"), b"content"], "link: it has content and is no file"),
    "something left out": ([LeftOut(b"socket", "why")], "expected an entry or content"),
}
"""The pieces, and what is said to be wrong with the last of them. None may leave an `out` behind."""
