"""With folder descriptors, and without: the way of Windows works here too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from joblet.files import folder


@pytest.fixture(params=["descriptors", "paths"])
def platform(request: pytest.FixtureRequest) -> Iterator[str]:
    """Do without folder descriptors, as on a platform that has none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder, "HAS_FOLDER_FDS", request.param == "descriptors")
        yield request.param
