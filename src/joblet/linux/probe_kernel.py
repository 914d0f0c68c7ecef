"""What this kernel lets us do to isolate a job, found out by doing it.

Namespaces are made by threads that end at once: unshare(2) concerns the
calling thread only, so nothing has to be forked and nothing is left. Of
system calls that would have an effect, an argument is wrong on purpose: the
error tells whether the kernel knows them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import struct
import threading

from joblet.linux.fact import Fact, State

# Generic numbers: these are the same on every architecture that this can run on.
SYS_OPEN_TREE = 428
SYS_CLONE3 = 435
SYS_MOUNT_SETATTR = 442

OPEN_TREE_CLONE = 0x1
AT_RECURSIVE = 0x8000
AT_EMPTY_PATH = 0x1000
AT_FDCWD = -100
MOUNT_ATTR_RDONLY_NOSUID_NODEV = 0x1 | 0x2 | 0x4
CLONE_INTO_CGROUP = 0x200000000

NAMESPACES = {
    "pid": (0x20000000, "CONFIG_PID_NS"),
    "mount": (0x00020000, "CONFIG_NAMESPACES"),
    "ipc": (0x08000000, "CONFIG_IPC_NS"),
    "uts": (0x04000000, "CONFIG_UTS_NS"),
    "cgroup": (0x02000000, "CONFIG_CGROUPS"),
}
"""The namespaces that a job gets: flag of unshare(2), and the kernel option without which it is not there."""

RUN_AS_ROOT = "run as root; in a container, add CAP_SYS_ADMIN and a seccomp profile that allows it"

_SYSCTL_NAMES = {"mount": "mnt"}
_libc = ctypes.CDLL(None, use_errno=True)


def probe_namespaces() -> list[Fact]:
    """Return one fact for each namespace that a job gets."""
    return [_probe_namespace(name, flag, option) for name, (flag, option) in NAMESPACES.items()]


def probe_kernel() -> list[Fact]:
    """Return facts about the kernel and what jobs need of it besides namespaces and cgroups."""
    return [_kernel(), _mounts(), _pidfd(), _clone_into_cgroup(), _seccomp(), _apparmor()]


def _probe_namespace(kind: str, flag: int, option: str) -> Fact:
    name = f"{kind} namespace"
    code = _unshare_in_thread(flag)
    if code == 0:
        return Fact(name, State.OK, "made one")
    detail = f"unshare(2): {os.strerror(code)}"
    if code == errno.EPERM:
        return Fact(name, State.MISSING, detail, RUN_AS_ROOT)
    if code == errno.ENOSPC:
        sysctl = f"user.max_{_SYSCTL_NAMES.get(kind, kind)}_namespaces"
        return Fact(name, State.MISSING, detail, f"sysctl -w {sysctl}=10000")
    return Fact(name, State.MISSING, detail, f"use a kernel with {option}=y")


def _unshare_in_thread(flag: int) -> int:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(_errno_of(_libc.unshare(flag))))
    thread.start()
    thread.join()
    return codes[0]


def _kernel() -> Fact:
    release = platform.release()
    numbers = re.match(r"(\d+)\.(\d+)", release)
    if numbers and (int(numbers[1]), int(numbers[2])) >= (5, 14):
        return Fact("kernel", State.OK, release)
    return Fact(
        "kernel", State.LIMITED, f"{release} is older than what this is tested on", "Linux 5.14 or later"
    )


def _mounts() -> Fact:
    """A read-only copy of a tree that is mounted nowhere: the new mount API, to the point."""
    name = "mount API"
    fd = _libc.syscall(
        ctypes.c_long(SYS_OPEN_TREE), AT_FDCWD, b"/", OPEN_TREE_CLONE | AT_RECURSIVE | os.O_CLOEXEC
    )
    if fd < 0:
        return _failed_call(name, "open_tree(2)", "5.2")
    try:
        wanted = struct.pack("QQQQ", MOUNT_ATTR_RDONLY_NOSUID_NODEV, 0, 0, 0)
        flags = AT_EMPTY_PATH | AT_RECURSIVE
        result = _libc.syscall(ctypes.c_long(SYS_MOUNT_SETATTR), fd, b"", flags, wanted, len(wanted))
        if result < 0:
            return _failed_call(name, "mount_setattr(2)", "5.12")
    finally:
        os.close(fd)
    return Fact(name, State.OK, "made a private read-only tree")


def _pidfd() -> Fact:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return Fact("pidfd", State.MISSING, f"pidfd_open(2): {error.strerror}", "Linux 5.3 or later")
    return Fact("pidfd", State.OK, "opened one")


def _clone_into_cgroup() -> Fact:
    """Ask for a child in a cgroup whose fd is not open: EBADF says that the kernel knows what was asked."""
    name = "CLONE_INTO_CGROUP"
    if not os.path.exists("/proc/self/cgroup"):  # such a kernel would look at no fd, and give us the child
        return Fact(name, State.MISSING, "no cgroups at all", "use a kernel with CONFIG_CGROUPS=y")
    arguments = struct.pack("11Q", CLONE_INTO_CGROUP, *[0] * 9, 2**31 - 1)
    result = _libc.syscall(ctypes.c_long(SYS_CLONE3), arguments, ctypes.c_size_t(len(arguments)))
    if _errno_of(result) == errno.EBADF:
        return Fact(name, State.OK, "the kernel knows it")
    detail = f"clone3(2): {os.strerror(_errno_of(result))}"
    return Fact(name, State.MISSING, detail, "Linux 5.7 or later, not blocked by seccomp")


def _seccomp() -> Fact:
    try:
        with open("/proc/sys/kernel/seccomp/actions_avail", encoding="ascii") as file:
            actions = file.read().split()
    except OSError as error:
        return Fact("seccomp", State.MISSING, str(error), "use a kernel with CONFIG_SECCOMP_FILTER=y")
    return Fact("seccomp", State.OK, f"actions: {' '.join(actions)}")


def _apparmor() -> Fact:
    """Ubuntu forbids user namespaces to programs without a profile; jobs need none of root."""
    name = "AppArmor"
    try:
        with open("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", encoding="ascii") as file:
            is_restricted = file.read().strip() != "0"
    except FileNotFoundError:
        return Fact(name, State.OK, "no restriction of user namespaces")
    if not is_restricted or os.geteuid() == 0:
        return Fact(name, State.OK, f"user namespaces restricted: {is_restricted}; root is not concerned")
    fix = "run as root, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    return Fact(name, State.LIMITED, "user namespaces are restricted", fix)


def _failed_call(name: str, call: str, since: str) -> Fact:
    code = ctypes.get_errno()
    fix = RUN_AS_ROOT if code in {errno.EPERM, errno.EACCES} else f"Linux {since} or later"
    return Fact(name, State.MISSING, f"{call}: {os.strerror(code)}", fix)


def _errno_of(result: int) -> int:
    return ctypes.get_errno() if result < 0 else 0
