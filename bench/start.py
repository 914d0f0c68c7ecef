"""What it takes to start and end one isolated command: the floor, joblet-shim, bubblewrap.

All three run `/bin/true` in the same namespaces and the same private root, in
turn, so that whatever else the host does falls on all alike. The floor is
timed inside one C process; the other two from before posix_spawn(3) to after
waitpid(2), the shim with its log captured and its exit record durable.

Job directories are kept until the end: ext4 does not reuse an inode for
minutes after its deletion, and searching past those is what would be measured.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = 300
WARM_UP = 20
RUNNING_JOBS = 20
NOBODY = 65534
SHIM = HERE.parent / "src" / "joblet" / "bin" / "joblet-shim"
FOLDERS = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
MASKED = ("sys", "irq", "bus", "fs")
COVERED = ("keys", "timer_list")


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of many runs of one thing."""

    name: str
    milliseconds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    def row(self, floor: Timing) -> str:
        """Return a line of the table: median, spread, ratio to the floor."""
        tenths = statistics.quantiles(self.milliseconds, n=10)
        spread = f"{tenths[0]:.2f} to {tenths[-1]:.2f}"
        return f"{self.name:<28} {self.median:>7.2f}   {spread:<14} {self.median / floor.median:>6.2f}"


def root_options() -> list[str]:
    """Return the shim's options for the host's system folders, as the runner would give them."""
    links = [
        word for path in FOLDERS if os.path.islink(path) for word in ("--symlink", os.readlink(path), path)
    ]
    found = [path for path in FOLDERS if os.path.isdir(path) and not os.path.islink(path)]
    return [*(word for path in found for word in ("--ro-bind", path)), *links]


def bubblewrap_words(work: Path) -> list[str]:
    """Return the call of bubblewrap that makes the same namespaces and the same root."""
    words = [
        "bwrap",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup",
        "--hostname",
        "job",
    ]
    words += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    options = iter(root_options())
    for option in options:
        value = next(options)
        words += [option, value, next(options)] if option == "--symlink" else [option, value, value]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp"]
    for name in MASKED:
        words += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]
    for name in COVERED:
        words += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return [*words, "--bind", str(work), "/work", "--chdir", "/work", "--remount-ro", "/", "true"]


def make_job(folder: Path, status_fd: int) -> tuple[list[str], list[int]]:
    """Make a job's directory; return the shim's words up to the command, and the fds it needs."""
    work = folder / "work"
    work.mkdir(parents=True)
    os.chown(work, NOBODY, NOBODY)
    (folder / "output.log").touch(0o600)
    folder_fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    lock_fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock_fd, fcntl.LOCK_EX)
    words = [str(SHIM), "--dir-fd", str(folder_fd), "--lock-fd", str(lock_fd), "--status-fd", str(status_fd)]
    words += ["--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "job", *root_options()]
    return words, [folder_fd, lock_fd, status_fd]


def spawn(words: list[str], fds: Sequence[int] = ()) -> int:
    """Start a program with these fds and nothing else; return its pid."""
    actions = [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in fds]
    return os.posix_spawnp(words[0], words, ENVIRONMENT, file_actions=actions)


def time_spawned(words: list[str], fds: Sequence[int] = ()) -> float:
    """Run a program to its end; return the milliseconds."""
    began = time.perf_counter_ns()
    _, status = os.waitpid(spawn(words, fds), 0)
    elapsed = time.perf_counter_ns() - began
    if status != 0:
        raise RuntimeError(f"{words[0]} ended with wait status {status}")
    return elapsed / 1e6


def time_shim(folder: Path) -> float:
    """Run `true` under a shim in a new directory; return the milliseconds."""
    words, fds = make_job(folder, os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC))
    try:
        elapsed = time_spawned([*words, "--", "true"], fds)
    finally:
        for fd in fds:
            os.close(fd)
    if b"\nwait-status 0\n" not in (folder / "exit").read_bytes():
        raise RuntimeError(f"true did not end well: {(folder / 'exit').read_text()}")
    return elapsed


def build_floor(program: Path) -> None:
    """Compile floor.c with the shim's own root.c."""
    sources = [HERE / "floor.c", *(HERE.parent / "shim" / name for name in ("root.c", "options.c"))]
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-static", "-I", str(HERE.parent / "shim")]
    subprocess.run(["cc", *flags, "-o", program, *sources], check=True)


@contextmanager
def floor(program: Path, folder: Path) -> Iterator[Callable[[], float]]:
    """Run the floor program; yield what makes it run `true` once and returns its milliseconds."""
    (folder / "work").mkdir(parents=True)
    folder_fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    words = [
        str(program),
        "--dir-fd",
        str(folder_fd),
        "--lock-fd",
        "0",
        "--status-fd",
        "0",
        "--uid",
        "0",
        "--gid",
        "0",
    ]
    with subprocess.Popen(
        [*words, *root_options(), "--", "/usr/bin/true"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, pass_fds=[folder_fd],
    ) as process:  # fmt: skip
        os.close(folder_fd)
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("no pipes")

        def run_once() -> float:
            stdin.write(b"\n")
            return int(stdout.readline()) / 1e6

        yield run_once
        stdin.close()


def measure_starts(folder: Path, rounds: int) -> list[Timing]:
    """Time floor, shim and bubblewrap in turn."""
    floors, shims, wraps = [], [], []
    build_floor(folder / "floor")
    wrap = bubblewrap_words(folder / "floor-job" / "work") if shutil.which("bwrap") else None
    with floor(folder / "floor", folder / "floor-job") as run_floor:
        for number in range(rounds + WARM_UP):
            floors.append(run_floor())
            shims.append(time_shim(folder / "jobs" / str(number)))
            if wrap:
                wraps.append(time_spawned(wrap))
    names = {"floor (clone3, same root)": floors, "joblet-shim": shims, "bubblewrap, same root": wraps}
    return [Timing(name, times[WARM_UP:]) for name, times in names.items() if times]


def pss_kib(pid: int) -> int:
    """Return the proportional set size: private memory, and a share of what is shared."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"no Pss of {pid}")


def start_sleeper(folder: Path, stack: ExitStack) -> tuple[int, int]:
    """Start a job that sleeps until the stack ends; return the pids of shim and init."""
    facts_fd, status_fd = os.pipe2(os.O_CLOEXEC)
    words, fds = make_job(folder, status_fd)
    shim = spawn([*words, "--", "sleep", "600"], fds)
    stack.callback(os.waitpid, shim, 0)
    stack.callback(os.kill, shim, signal.SIGKILL)
    for fd in fds:
        os.close(fd)
    with os.fdopen(facts_fd) as facts:
        command = int(facts.readline().removeprefix("running "))
    return shim, int(Path(f"/proc/{command}/stat").read_text().rpartition(")")[2].split()[1])


def measure_memory(folder: Path, jobs: int) -> float:
    """Return the mean KiB of a shim and its init, with this many jobs running."""
    with ExitStack() as stack:
        pairs = [start_sleeper(folder / "running" / str(number), stack) for number in range(jobs)]
        return sum(pss_kib(pid) for pair in pairs for pid in pair) / jobs


def main(rounds: int = ROUNDS) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="joblet-bench-") as folder:
        timings = measure_starts(Path(folder), rounds)
        memory = measure_memory(Path(folder), RUNNING_JOBS)
    print(f"{'one /bin/true, ms':<28} {'median':>7}   {'p10 to p90':<14} {'/ floor':>6}")
    for timing in timings:
        print(timing.row(timings[0]))
    if len(timings) > 2:
        print(f"joblet-shim / bubblewrap: {timings[1].median / timings[2].median:.2f} (at most 0.50)")
    print(f"joblet-shim / floor: {timings[1].median / timings[0].median:.2f} (at most 2.00)")
    print(f"shim and init, PSS of each of {RUNNING_JOBS} running jobs: {memory:.0f} KiB (at most 300)")


if __name__ == "__main__":
    main()
