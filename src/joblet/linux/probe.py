"""What this host offers to jobs, fact by fact; by trying, not by reading version numbers."""

from __future__ import annotations

from dataclasses import dataclass

from joblet.linux.cgroup_hierarchy import find_hierarchy
from joblet.linux.fact import Fact, State
from joblet.linux.probe_cgroup import probe_controllers, probe_disk
from joblet.linux.probe_kernel import probe_kernel, probe_namespaces

__all__ = ["Fact", "Findings", "State", "probe_host"]


@dataclass(frozen=True, slots=True)
class Findings:
    """The facts about this host, by what they are about."""

    kernel: tuple[Fact, ...]
    namespaces: tuple[Fact, ...]
    limits: tuple[Fact, ...]
    storage: tuple[Fact, ...]

    @property
    def missing(self) -> list[Fact]:
        """What keeps some job from running as asked."""
        facts = (*self.kernel, *self.namespaces, *self.limits, *self.storage)
        return [fact for fact in facts if fact.state is State.MISSING]


def probe_host(path: str) -> Findings:
    """Find out what this host can isolate and limit; `path` is where the jobs' files would be.

    Takes some milliseconds and leaves nothing behind. What fails is a fact, not an error.

    Raises:
        OSError: there is no `/proc`.

    """
    disk, disk_fact = probe_disk(path)
    return Findings(
        kernel=tuple(probe_kernel()),
        namespaces=tuple(probe_namespaces()),
        limits=tuple(probe_controllers(find_hierarchy(), disk)),
        storage=(disk_fact,),
    )
