"""What the host that runs the tests can do, asked of the probe itself."""

from __future__ import annotations

import functools
import os
import tempfile

from joblet.linux.probe import probe_host

MUST_ISOLATE = os.environ.get("JOBLET_MUST_ISOLATE") == "1"
"""Set where tests are expected to isolate: then one that cannot is a failure, not a skip."""

DISK_FOLDER = os.environ.get("JOBLET_TEST_DISK") or tempfile.gettempdir()
"""A folder on a real disk, for I/O limits; the temporary folder, unless that is a tmpfs."""

PATIENCE = float(os.environ.get("JOBLET_TEST_PATIENCE", "1"))
"""What safety time limits are multiplied by: an emulated host is many times slower."""


@functools.cache
def why_no_isolation() -> str:
    """Return what this host lacks for jobs with all limits, "" if nothing."""
    return "; ".join(
        f"{fact.name}: {fact.detail} (fix: {fact.fix})" for fact in probe_host(DISK_FOLDER).missing
    )
