"""Processes that put themselves into a job's cgroups, as the job's init does, but without the shim."""

from __future__ import annotations

import subprocess

from joblet.linux.cgroup import JobCgroup

PYTHON = "/usr/bin/python3"

# The shell moves itself and then becomes the command, so the command never ran anywhere else.
# Not sh: dash knows no descriptors above 9.
_JOIN = """
v2="$1"; v1="$2"; shift 2
for fd in $v1; do echo 0 >&$fd; done
test -z "$v2" || echo 0 > "$v2"
exec "$@"
"""


def spawn_in(cgroup: JobCgroup, *command: str) -> subprocess.Popen[str]:
    """Start a command inside the cgroups, its stdin and stdout piped."""
    v2 = "" if cgroup.clone_fd is None else f"/proc/self/fd/{cgroup.clone_fd}/cgroup.procs"
    fds = [*cgroup.join_fds, *([] if cgroup.clone_fd is None else [cgroup.clone_fd])]
    return subprocess.Popen(
        ["bash", "-euc", _JOIN, "bash", v2, " ".join(map(str, cgroup.join_fds)), *command],
        pass_fds=fds,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def python_in(cgroup: JobCgroup, program: str) -> subprocess.Popen[str]:
    """Start a Python program inside the cgroups."""
    return spawn_in(cgroup, PYTHON, "-Sc", program)


def line_of(process: subprocess.Popen[str]) -> str:
    """Return the next line that the process prints; "" at its end."""
    assert process.stdout
    return process.stdout.readline().strip()
