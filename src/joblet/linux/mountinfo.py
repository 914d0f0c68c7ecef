r"""The mounts that this process sees: `/proc/self/mountinfo` as values.

Only what the file says; nothing is mounted, resolved or guessed here. The
format is that of `proc_pid_mountinfo(5)`: one mount a line, fields separated
by single spaces, space, tab, newline and backslash inside a field written as
three octal digits (`\040`), any number of optional fields ended by `-`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOUNTINFO = "/proc/self/mountinfo"

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount. `device` is `major:minor`; `root` is the part of the filesystem that is mounted."""

    mount_id: int
    parent_id: int
    device: str
    root: str
    mount_point: str
    options: tuple[str, ...]
    optional_fields: tuple[str, ...]
    fstype: str
    source: str
    super_options: tuple[str, ...]

    @property
    def is_writable(self) -> bool:
        """Whether neither the mount nor its filesystem is read-only."""
        return "ro" not in self.options and "ro" not in self.super_options


def parse_mountinfo(text: str) -> list[Mount]:
    """Return the mounts, in the file's order: a later one may hide an earlier one.

    Raises:
        ValueError: a line is not as `proc_pid_mountinfo(5)` says; names the line.

    """
    # Not splitlines(): the kernel leaves \r, \f and the like inside names as they are.
    lines = enumerate(text.split("\n"), start=1)
    return [_parse_line(line, number) for number, line in lines if line]


def read_mountinfo() -> list[Mount]:
    """Return the mounts of this process's mount namespace.

    Raises:
        OSError: there is no `/proc`.

    """
    with open(MOUNTINFO, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        return parse_mountinfo(file.read())


def _parse_line(line: str, number: int) -> Mount:
    fields = line.split(" ")
    try:
        mount_id, parent_id, device, root, mount_point, options = fields[:6]
        end = fields.index("-", 6)
        # Two splits only: some filesystems print unescaped spaces in their options.
        fstype, source, super_options = " ".join(fields[end + 1 :]).split(" ", 2)
        return Mount(
            mount_id=int(mount_id),
            parent_id=int(parent_id),
            device=device,
            root=_unescape(root),
            mount_point=_unescape(mount_point),
            options=tuple(options.split(",")),
            optional_fields=tuple(fields[6:end]),
            fstype=_unescape(fstype),
            source=_unescape(source),
            super_options=tuple(_unescape(super_options).split(",")),
        )
    except ValueError as error:
        raise ValueError(
            f"{MOUNTINFO}, line {number}: expected 'ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS ... - "
            f"TYPE SOURCE OPTIONS', got {line!r}"
        ) from error


def _unescape(field: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
