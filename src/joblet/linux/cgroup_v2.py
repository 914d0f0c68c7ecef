"""cgroup v2: which files carry the limits, and the life of the one directory.

Source: Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Collection, Iterator

from joblet.linux.cgroup_directory import read_file, write_file
from joblet.linux.cgroup_limits import CPU_PERIOD_US, CgroupLimits, Setting
from joblet.linux.pidfd import wait_readable

SWAP_LIMIT = "memory.swap.max"


def settings(path: str, controllers: Collection[str], limits: CgroupLimits) -> Iterator[Setting]:
    """Yield what these controllers are told in the cgroup at path."""
    if "cpu" in controllers:
        yield _same("cpu", "cpu.max", f"{limits.cpu_quota_us} {CPU_PERIOD_US}")
    if "memory" in controllers:
        yield Setting("memory", "memory.max", str(limits.memory_bytes), str(limits.whole_pages_bytes))
        yield _same("memory", "memory.oom.group", 1)
        if counts_swap(path):
            yield _same("memory", SWAP_LIMIT, 0)
    if "io" in controllers and limits.io_bps:
        rates = f"{limits.io_device} rbps={limits.io_bps} wbps={limits.io_bps}"
        yield Setting("io", "io.max", rates, f"{rates} riops=max wiops=max")
    if "pids" in controllers:
        yield _same("pids", "pids.max", limits.max_processes)


def counters(path: str, controllers: Collection[str]) -> list[str]:
    """Return the files to record at the end; `cpu.stat` needs no controller, `memory.peak` Linux 5.19."""
    names = ["cpu.stat"]
    if "memory" in controllers:
        names += ["memory.events", "memory.peak"]
    if "io" in controllers:
        names.append("io.stat")
    return [f"{path}/{name}" for name in names]


def memory_now(path: str, controllers: Collection[str]) -> list[str]:
    """Return the file that says what the cgroup at path has now."""
    return [f"{path}/memory.current"] if "memory" in controllers else []


def counts_swap(path: str) -> bool:
    """Whether the cgroup at path limits swap: not with the boot parameter `swapaccount=0`."""
    return os.path.exists(f"{path}/{SWAP_LIMIT}")


def ensure_slice(base: str, parent: str, controllers: frozenset[str]) -> str:
    """Return the path of `base`/`parent`, made if need be, its controllers enabled for what is below.

    A controller reaches a cgroup only if every level above passes it on in
    `cgroup.subtree_control` ("top-down constraint"), so one that the last
    level has, all have.

    Raises:
        OSError: EBUSY, a level has processes of its own ("no internal process
            constraint"); ENOENT, there is no `base`; EACCES, EROFS, the
            hierarchy is not ours to change.

    """
    path = f"{base}/{parent}"
    try:
        enabled = read_file(f"{path}/cgroup.subtree_control").split()
    except FileNotFoundError:
        os.stat(base)  # must be there: what is delegated to us is not ours to make
        os.makedirs(path, exist_ok=True)
        enabled = []
    if not controllers.issubset(enabled):
        level = base
        for name in ("", *parent.split("/")):
            level = f"{level}/{name}" if name else level
            _enable(level, controllers)
    return path


def open_leaf(base: str, name: str) -> int:
    """Return an fd of `base`/`name`, made if need be, for processes to be born in (`CLONE_INTO_CGROUP`).

    Raises:
        OSError: ENOENT, there is no `base`; EMFILE, and what mkdir(2) knows.

    """
    path = f"{base}/{name}"
    try:
        return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        os.mkdir(path)
        return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def kill(path: str) -> bool:
    """Have the kernel send SIGKILL to all that is in or below the cgroup, at once.

    Returns False if it cannot: `cgroup.kill` came with Linux 5.14.
    """
    try:
        write_file(f"{path}/cgroup.kill", "1")
    except FileNotFoundError:
        return not os.path.exists(path)
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
    return True


async def wait_unpopulated(path: str) -> None:
    """Return once no process is in or below the cgroup at path, or it is gone. The caller sets the timeout.

    By poll(2) on `cgroup.events`, which unlike inotify(7) has no gap: the
    kernel remembers which change this open file has last been read after.
    """
    try:
        fd = os.open(f"{path}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        # A nested epoll, because event loops do not wait for EPOLLPRI.
        with select.epoll() as changes:
            changes.register(fd, select.EPOLLPRI)
            while _is_populated(fd):
                await wait_readable(changes.fileno())
    finally:
        os.close(fd)


def _is_populated(fd: int) -> bool:
    try:
        return b"populated 1" in os.pread(fd, 4096, 0)
    except OSError as error:
        if error.errno == errno.ENODEV:  # removed while we waited
            return False
        raise


def _enable(path: str, controllers: frozenset[str]) -> None:
    file = f"{path}/cgroup.subtree_control"
    lacking = controllers.difference(read_file(file).split())
    if lacking:
        write_file(file, " ".join(f"+{name}" for name in sorted(lacking)))


def _same(controller: str, file: str, value: object) -> Setting:
    return Setting(controller, file, str(value), str(value))
