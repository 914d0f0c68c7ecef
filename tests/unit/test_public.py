"""What `import joblet` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import joblet

PUBLIC = {
    "Client",
    "CompletedJob",
    "Downloaded",
    "Ending",
    "Job",
    "JobExecutor",
    "JobFailedError",
    "JobFuture",
    "JobRunner",
    "JobSample",
    "JobSpec",
    "JobStatus",
    "JobTimeoutError",
    "JobletError",
    "LeftOut",
    "Limits",
    "Node",
    "Place",
    "Reason",
    "RunnerConfig",
    "Terminal",
    "TlsConfig",
    "Usage",
    "errors",
    "find_node",
    "run",
    "sync",
}


def modules_after(code: str) -> set[str]:
    """Return the modules that an interpreter of its own has loaded for this code."""
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_the_public_names_are_these() -> None:
    """A name is added to or taken from the public library only on purpose."""
    assert set(joblet.__all__) == PUBLIC


def test_every_public_name_is_there() -> None:
    """Each name is where the table says it is, and dir() tells it; any other is an AttributeError."""
    missing = [name for name in joblet.__all__ if not hasattr(joblet, name)]

    assert missing == []
    assert set(dir(joblet)) >= PUBLIC
    assert not hasattr(joblet, "Server")


def test_an_import_loads_nothing() -> None:
    """`import joblet` alone loads neither gRPC, nor asyncio, nor any other part of ours."""
    loaded = modules_after("import joblet")

    assert loaded.isdisjoint({"grpclib", "asyncio", "ssl", "subprocess", "structlog", "msgspec", "yaml"})
    assert {name for name in loaded if name.startswith("joblet")} == {"joblet"}


def test_a_value_loads_no_loop() -> None:
    """Describing a job loads the pure centre only."""
    loaded = modules_after("from joblet import JobSpec, Limits, RunnerConfig, errors; JobSpec('true')")

    assert loaded.isdisjoint({"grpclib", "asyncio", "ssl"})


def test_a_place_of_this_host_loads_no_grpc() -> None:
    """Running jobs on this host loads nothing of the wire, a synchronous program included."""
    loaded = modules_after(
        "from joblet import JobExecutor, run, sync; sync.JobRunner; import joblet.runner.supervisor"
    )

    assert loaded.isdisjoint({"grpclib", "google.protobuf", "yaml"})
