"""What a tree of files is made of, and the rules for it. Pure.

A tree travels as pieces: an entry, its content if it is a file, the next
entry. A folder comes right before what is in it. So each entry can be checked
against the folders that are open, and no memory grows with the tree.

Both ends hold the other to these rules: whoever receives trusts nobody.

* A path is relative and has no component that is empty, `.` or `..`.
* A symbolic link leads inside: its target is relative, and climbs (`..`) no
  higher than the top, and only at its start. After a name, a `..` would climb
  from wherever that name leads, which may be another link: two links that each
  look harmless could lead out together.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass

from joblet.errors import InvalidFileError

LONGEST_NAME = 255
"""NAME_MAX: limits.h(0p)."""

LONGEST_PATH = 4095
"""PATH_MAX without its NUL: a longer path could be made in steps, and be used by hardly any program."""

LONGEST_SHOWN = 200
"""The most characters of a path in a message."""

DEEPEST = 100
"""The most folders inside each other: one file descriptor is open for each."""

PERMISSIONS = 0o777
"""What is kept of a mode: chmod(2). Not setuid, setgid and sticky, which grant rights of another host."""


class Kind(enum.Enum):
    """What an entry is; nothing else is carried."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, a folder or a symbolic link, by its path from the top; a name is bytes.

    `modified_ns` counts from 1970. `size_bytes` is what a file had when it was
    opened; it does not travel, and its content may turn out to be shorter.
    """

    path: bytes
    kind: Kind = Kind.FILE
    mode: int = 0o644
    modified_ns: int = 0
    target: bytes = b""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is there and is not carried."""

    path: bytes
    why: str

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.why}"


Piece = Entry | bytes | LeftOut
"""Bytes are more content of the last entry."""


@dataclass(frozen=True, slots=True)
class Total:
    """How much there is of a tree."""

    entries: int = 0
    content_bytes: int = 0

    def after(self, pieces: Sequence[Piece]) -> Total:
        """Return this with more of the tree."""
        return Total(
            self.entries + sum(isinstance(piece, Entry) for piece in pieces),
            self.content_bytes + sum(len(piece) for piece in pieces if isinstance(piece, bytes)),
        )


def names_of(path: bytes) -> Sequence[str]:
    """Return the components of a path.

    Raises:
        InvalidFileError: it breaks a rule.

    """
    names = path.split(b"/")
    if any(name in {b"", b".", b".."} for name in names):
        raise InvalidFileError(shown(path), "expected a relative path without empty components, . and ..")
    if b"\0" in path:
        raise InvalidFileError(shown(path), "it contains a NUL byte")
    if len(path) > LONGEST_PATH or max(map(len, names)) > LONGEST_NAME:
        raise InvalidFileError(
            shown(path), f"expected at most {LONGEST_PATH} bytes, and {LONGEST_NAME} in a component"
        )
    if len(names) > DEEPEST:
        raise InvalidFileError(shown(path), f"expected at most {DEEPEST} components")
    return [os.fsdecode(name) for name in names]


def why_outside(path: bytes, target: bytes) -> str:
    """Say why a symbolic link does not lead inside; empty if it does."""
    if not target or b"\0" in target or len(target) > LONGEST_PATH:
        return "a symbolic link that leads nowhere"
    names = [name for name in target.split(b"/") if name not in {b"", b"."}]
    climbs = next((at for at, name in enumerate(names) if name != b".."), len(names))
    if target.startswith(b"/") or b".." in names[climbs:] or climbs > path.count(b"/"):
        return f"a symbolic link that leads outside, or climbs after a name: {shown(target)}"
    return ""


def check_entry(entry: Entry) -> Sequence[str]:
    """Return the components of an entry's path.

    Raises:
        InvalidFileError: it breaks a rule.

    """
    names = names_of(entry.path)
    if entry.kind is Kind.LINK and (why := why_outside(entry.path, entry.target)):
        raise InvalidFileError(shown(entry.path), why)
    return names


def shown(path: bytes) -> str:
    """Return a path as text that is safe to print, whatever its bytes are, and not too long for a message."""
    text = path.decode("utf-8", "backslashreplace")
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
