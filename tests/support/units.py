"""joblet's systemd units on the host that runs the tests: asked and told as an administrator would."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from joblet.linux.pidfd import PidFd

CONFIG_FOLDER = "/etc/joblet"
STATE_FOLDER = Path(CONFIG_FOLDER, "state")
CGROUP = Path("/sys/fs/cgroup/joblet.slice/joblet-jobs.service")


class Units:
    """joblet.service and joblet-jobs.service."""

    def systemctl(self, *words: str) -> str:
        """Run systemctl to its end; return what it printed."""
        return subprocess.run(
            ["systemctl", *words], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    async def change(self, *words: str) -> None:
        """Run systemctl while the event loop goes on."""
        await asyncio.to_thread(self.systemctl, *words)

    def show(self, unit: str, what: str) -> str:
        """Return a property of a unit."""
        return self.systemctl("show", "--property", what, "--value", unit)

    def is_active(self, unit: str) -> bool:
        """Whether a unit is started and has not ended."""
        return self.show(unit, "ActiveState") == "active"

    def main_pid(self, unit: str = "joblet") -> int:
        """Return the pid of a unit's main process, 0 if there is none."""
        return int(self.show(unit, "MainPID"))

    async def end_of_daemon(self, *words: str) -> None:
        """Have systemd do something to the daemon, and return as soon as the daemon has ended."""
        with PidFd(self.main_pid()) as daemon:
            self.systemctl(*words)
            await daemon.wait_ended()

    def journal(self, unit: str, *options: str) -> str:
        """Return what the journal has of a unit in this boot."""
        subprocess.run(["journalctl", "--sync"], check=True)
        command = ["journalctl", "--unit", unit, "--boot", "--no-pager", *options]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def cgroup_of(pid: int) -> str:
    """Return the v2 cgroup of a process, as in /proc/PID/cgroup."""
    return Path(f"/proc/{pid}/cgroup").read_text().strip().removeprefix("0::")


def members(leaf: str) -> list[int]:
    """Return the pids in a cgroup below the one that is delegated."""
    return [int(pid) for pid in (CGROUP / leaf / "cgroup.procs").read_text().split()]


def jobs_cgroups() -> list[str]:
    """Return the names of the cgroups that jobs have."""
    folder = CGROUP / "joblet.slice"
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if folder.exists() else []
