"""Run commands on a Linux host from anywhere, safely and observably.

`JobRunner` runs jobs on this host; `Client` has the same verbs over the wire;
`joblet.sync` has both for programs that are not asynchronous. `run` is
`subprocess.run` with jobs, and `JobExecutor` an executor of `concurrent.futures`.

Names are loaded when they are first used, so that importing the package costs
nothing and the client half works where there is no Linux.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joblet import errors as errors
    from joblet import sync as sync
    from joblet.client import Client as Client
    from joblet.completed import CompletedJob as CompletedJob
    from joblet.completed import JobFailedError as JobFailedError
    from joblet.completed import JobTimeoutError as JobTimeoutError
    from joblet.config import Node as Node
    from joblet.config import RunnerConfig as RunnerConfig
    from joblet.config import TlsConfig as TlsConfig
    from joblet.errors import JobletError as JobletError
    from joblet.executor import JobExecutor as JobExecutor
    from joblet.executor import JobFuture as JobFuture
    from joblet.files.entry import LeftOut as LeftOut
    from joblet.files.stream import Downloaded as Downloaded
    from joblet.job import Ending as Ending
    from joblet.job import Job as Job
    from joblet.job import JobSpec as JobSpec
    from joblet.job import JobStatus as JobStatus
    from joblet.job import Reason as Reason
    from joblet.job import Terminal as Terminal
    from joblet.job import Usage as Usage
    from joblet.limits import Limits as Limits
    from joblet.metrics import JobSample as JobSample
    from joblet.nodes import find_node as find_node
    from joblet.place import Place as Place
    from joblet.runner.supervisor import JobRunner as JobRunner
    from joblet.running import run as run

_HOMES = {
    "Client": "joblet.client",
    "CompletedJob": "joblet.completed",
    "Downloaded": "joblet.files.stream",
    "Ending": "joblet.job",
    "Job": "joblet.job",
    "JobExecutor": "joblet.executor",
    "JobFailedError": "joblet.completed",
    "JobFuture": "joblet.executor",
    "JobRunner": "joblet.runner.supervisor",
    "JobSample": "joblet.metrics",
    "JobSpec": "joblet.job",
    "JobStatus": "joblet.job",
    "JobTimeoutError": "joblet.completed",
    "JobletError": "joblet.errors",
    "LeftOut": "joblet.files.entry",
    "Limits": "joblet.limits",
    "Node": "joblet.config",
    "Place": "joblet.place",
    "Reason": "joblet.job",
    "RunnerConfig": "joblet.config",
    "TlsConfig": "joblet.config",
    "Terminal": "joblet.job",
    "Usage": "joblet.job",
    "find_node": "joblet.nodes",
    "run": "joblet.running",
}
_MODULES = frozenset({"errors", "sync"})

__all__ = sorted([*_HOMES, *_MODULES])  # noqa: PLE0605  the tables above are the list


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if home := _HOMES.get(name):
        return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
