"""The pages of docs/reference that are generated, each by a module of this folder; others are by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docs.sources import api, cli, configuration, library

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/api.md": api.page,
    "docs/reference/library.md": library.page,
    "docs/reference/cli.md": cli.page,
    "docs/reference/configuration.md": configuration.page,
}


def files() -> Mapping[str, str | None]:
    """Return the text of each page by its path."""
    return {path: page() for path, page in PAGES.items()}
