"""Writes docs/reference from what it describes (`make docs`): protos, docstrings, --help, configuration keys.

`--check` fails, with the names of the files that differ, when what is
committed is not what would be written. `sources/` has a module a page; the
how-to pages are written by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))  # for this folder, when run as a script

from docs.sources import api, cli, configuration, library  # noqa: E402

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/api.md": api.page,
    "reference/library.md": library.page,
    "reference/cli.md": cli.page,
    "reference/configuration.md": configuration.page,
}


def write() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


def check() -> int:
    """Return the exit status of `--check`: 1 if a committed page is stale."""
    stale = [name for name, page in PAGES.items() if text_of(DOCS / name) != page()]
    for name in stale:
        print(f"stale: docs/{name} (run `make docs`)", file=sys.stderr)  # noqa: T201  its report
    return 1 if stale else 0


def text_of(path: Path) -> str:
    """Return a page as it is committed, "" if it is not."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    """Write or check, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a committed page is stale")
    if parser.parse_args().check:
        return check()
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
