"""Rules for all tests: where they can run, and that they leave nothing behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import structlog

from support.host import MUST_ISOLATE, PATIENCE, why_no_isolation
from support.leaks import read_holdings, wait_leftovers
from support.node import has_node, why_no_packages

TOUCH_THE_HOST = frozenset({"integration", "shim", "isolation", "acceptance", "chaos"})
SETTLE_SECONDS = 5.0


def pytest_configure() -> None:
    """Let Ctrl-C be what it is at a terminal: what a shell starts with `&` ignores it, children and all."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that this host cannot isolate, or fail it where it must."""
    if item.get_closest_marker("isolation") and (reason := why_no_isolation()):
        if MUST_ISOLATE:
            pytest.fail(
                f"this host cannot isolate, and JOBLET_MUST_ISOLATE=1 says it must: {reason}", pytrace=False
            )
        pytest.skip(f"this host cannot isolate: {reason}")
    if item.get_closest_marker("node"):
        require_node()


def require_node() -> None:
    """Skip where there is no Node.js, or no packages for it; the latter fails where tests must run."""
    if not has_node():
        pytest.skip("this host has no Node.js with npm")
    if reason := why_no_packages():
        (pytest.fail if MUST_ISOLATE else pytest.skip)(f"the Node.js client has no packages: {reason}")


@pytest.fixture(autouse=True)
def no_leftovers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail a test after which more processes, mounts, cgroups or open files are there than before."""
    if TOUCH_THE_HOST.isdisjoint(request.path.parts):
        yield
        return
    folder = tmp_path_factory.getbasetemp()
    before = read_holdings(folder)
    yield
    if leftovers := wait_leftovers(before, folder, SETTLE_SECONDS * PATIENCE):
        lines = [f"  {name}: {line}" for name, found in leftovers.items() for line in found]
        pytest.fail("\n".join(["the test left behind:", *lines]), pytrace=False)


@pytest.fixture(autouse=True)
def default_log() -> Iterator[None]:
    """Put structlog back as a program finds it; `capture_logs` leaves it configured."""
    yield
    structlog.reset_defaults()
