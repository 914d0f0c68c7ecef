"""What this host is: names, versions, size; in the words of gopsutil, which clients of the API know."""

from __future__ import annotations

import os
import platform
import socket
import time
from datetime import UTC, datetime

import psutil

from joblet.metrics import HostFacts

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""Of the machines of uname(2), the names of the architectures for which programs are built."""

UNKNOWN = "unknown"


def read_facts() -> HostFacts:
    """Return what this host is; a distribution that does not say what it is has "unknown" for it."""
    kernel = os.uname()
    release = os_release()
    return HostFacts(
        hostname=socket.gethostname(),
        os=kernel.sysname.lower(),
        platform=release.get("ID", UNKNOWN),
        platform_family=(release.get("ID_LIKE") or release.get("ID", UNKNOWN)).split()[0],
        # A distribution without versions has a build or a code name instead: os-release(5).
        platform_version=release.get("VERSION_ID")
        or release.get("BUILD_ID")
        or release.get("VERSION_CODENAME", UNKNOWN),
        kernel_version=kernel.release,
        kernel_arch=kernel.machine,
        architecture=ARCHITECTURES.get(kernel.machine, kernel.machine),
        cpu_count=os.cpu_count() or 1,
        total_memory_bytes=psutil.virtual_memory().total,
        booted_at=datetime.fromtimestamp(psutil.boot_time(), UTC),
        uptime_seconds=int(time.clock_gettime(time.CLOCK_BOOTTIME)),
    )


def os_release() -> dict[str, str]:
    """Return what os-release(5) says, nothing if it is not there."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
