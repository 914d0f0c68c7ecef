"""Run commands on a Linux host from anywhere, safely and observably.

`JobRunner` runs jobs on this host; `Client` has the same verbs over the wire.
Names are loaded when they are first used, so that importing the package costs
nothing and the client half works where there is no Linux.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joblet.client import Client as Client
    from joblet.config import Node as Node
    from joblet.config import RunnerConfig as RunnerConfig
    from joblet.errors import JobletError as JobletError
    from joblet.job import Ending as Ending
    from joblet.job import Job as Job
    from joblet.job import JobSpec as JobSpec
    from joblet.job import JobStatus as JobStatus
    from joblet.job import Reason as Reason
    from joblet.job import Usage as Usage
    from joblet.limits import Limits as Limits
    from joblet.runner.supervisor import JobRunner as JobRunner

_HOMES = {
    "Client": "joblet.client",
    "Ending": "joblet.job",
    "Job": "joblet.job",
    "JobRunner": "joblet.runner.supervisor",
    "JobSpec": "joblet.job",
    "JobStatus": "joblet.job",
    "JobletError": "joblet.errors",
    "Limits": "joblet.limits",
    "Node": "joblet.config",
    "Reason": "joblet.job",
    "RunnerConfig": "joblet.config",
    "Usage": "joblet.job",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  the table above is the list


def __getattr__(name: str) -> object:
    if home := _HOMES.get(name):
        return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
