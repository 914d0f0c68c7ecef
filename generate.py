"""Writes what is generated and committed: reference pages (`make docs`) and wire modules (`make proto`).

`--check` fails, with the names of the files that differ, when what is
committed is not what would be written. What is generated is for
`docs/sources` and `proto/modules.py` to say; nobody else edits it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.sources import pages
from proto import modules

ROOT = Path(__file__).parent

Files = Mapping[str, str | None]
"""The text of each file by its path from the root; None for one that must not be there."""

GENERATED: Mapping[str, Callable[[], Files]] = {"docs": pages.files, "proto": modules.files}


def stale(files: Files) -> list[str]:
    """Return the paths of those that are not as they should be."""
    return sorted(path for path, text in files.items() if text_of(ROOT / path) != text)


def text_of(path: Path) -> str | None:
    """Return what a file has, None if there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else None


def write(path: Path, text: str | None) -> None:
    """Make a file what it should be."""
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """Write or check, as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a committed file is stale")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{' or '.join(GENERATED)}; default: both")
    said = parser.parse_args()
    found = [(kind, GENERATED[kind]()) for kind in said.kinds or GENERATED]
    paths = [(kind, path, files[path]) for kind, files in found for path in stale(files)]
    for kind, path, text in paths:
        if said.check:
            print(f"stale: {path} (run `make {kind}`)", file=sys.stderr)  # noqa: T201  its report
        else:
            write(ROOT / path, text)
    return 1 if said.check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
