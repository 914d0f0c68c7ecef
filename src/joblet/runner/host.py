"""What jobs get of this host: whom they run as, what they see, how much there is. Read once."""

from __future__ import annotations

import os
import pwd
import sys
from dataclasses import dataclass

from joblet.config import RunnerConfig
from joblet.errors import ConfigurationError, IsolationError, PlatformError
from joblet.limits import Limits
from joblet.linux.capacity import host_capacity
from joblet.linux.cgroup import Hierarchy, find_hierarchy
from joblet.runner.shim import Root, root_from_paths

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user that jobs run as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Host:
    """Facts that hold for every job of a runner."""

    account: Account
    root: Root
    hierarchy: Hierarchy
    ceilings: Limits


def read_host(config: RunnerConfig) -> Host:
    """Return what this host gives its jobs.

    Raises:
        PlatformError: it is not Linux.
        IsolationError: this process may not make namespaces.
        ConfigurationError: `jobUser` is nobody, or `cgroup` is not there.

    """
    if sys.platform != "linux":
        raise PlatformError(sys.platform)
    if os.geteuid() != 0:
        raise IsolationError("operation not permitted (joblet serve must run as root)")
    hidden = (*config.hidden, str(config.state_dir.absolute()))
    return Host(
        account=_account_from_name(config.job_user),
        root=root_from_paths(config.read_only, hidden),
        hierarchy=_delegated_hierarchy(config.cgroup_parent),
        ceilings=_within_host(config.ceilings),
    )


def _delegated_hierarchy(parent: str) -> Hierarchy:
    try:
        hierarchy = find_hierarchy(parent)
    except FileNotFoundError:
        why = f"there is no cgroup {parent} (with systemd: systemctl restart {os.path.basename(parent)})"
        raise ConfigurationError("cgroup", why) from None
    if parent and not hierarchy.v2_path:
        raise ConfigurationError("cgroup", f"expected cgroup v2 on this host, for {parent}; there is none")
    return hierarchy


def _account_from_name(name: str) -> Account:
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        if not name.isdecimal():
            raise ConfigurationError("jobUser", f"expected a user of this host, got {name!r}") from None
        return Account(name=name, uid=int(name), gid=int(name))
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _within_host(configured: Limits) -> Limits:
    host = host_capacity()
    return Limits(
        cpu_percent=min(configured.cpu_percent or host.cpu_percent, host.cpu_percent),
        memory_mb=min(configured.memory_mb or host.memory_mb, host.memory_mb),
        io_bps=configured.io_bps,
    )
