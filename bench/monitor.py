"""What watching costs: the daemon's share of a core while 100 jobs are sampled, listed and watched.

The jobs sleep, so everything measured is the daemon's own work. Run as root: `python bench/monitor.py`.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from joblet import Client, Job, JobSpec, Limits
from joblet.metrics import Kind
from joblet.testing.daemon import running_daemon

JOBS = 100
SECONDS = 10
CALLS = 20
SLEEPER = JobSpec("sleep", ("600",), Limits(memory_mb=16))
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used: proc_pid_stat(5)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


async def sampled(_client: Client) -> None:
    """Do nothing while the daemon takes its samples."""
    await asyncio.sleep(SECONDS)


async def watched(client: Client, kinds: Sequence[Kind] = ()) -> None:
    """Watch the host, an answer each second."""
    async with aclosing(client.watch_system(1, kinds)) as systems:
        for _ in range(SECONDS + 1):
            await anext(systems)


async def watched_jobs(client: Client) -> None:
    """Watch the jobs only."""
    await watched(client, [Kind.JOB])


async def listed(client: Client) -> float:
    """Return how long a list of all jobs with their usage takes."""
    started = time.perf_counter()
    for _ in range(CALLS):
        await client.list()
    return (time.perf_counter() - started) / CALLS


async def report(client: Client, pid: int) -> None:
    """Print what each way to look at the jobs costs."""
    for name, use in (("sampled", sampled), ("watched, jobs only", watched_jobs), ("watched", watched)):
        before, started = cpu_seconds(pid), time.perf_counter()
        await use(client)
        share = (cpu_seconds(pid) - before) / (time.perf_counter() - started)
        print(f"{JOBS} jobs {name + ':':<20} {share:.1%} of a core")
    print(f"{JOBS} jobs listed:             {await listed(client) * 1000:.1f} ms")


async def main() -> None:
    """Start the jobs, report, stop them."""
    settings = {"joblet": {"maxConcurrentJobs": JOBS}}
    with tempfile.TemporaryDirectory() as folder, running_daemon(Path(folder), settings=settings) as daemon:
        async with Client(daemon.node()) as client:
            jobs: list[Job] = [await client.start(SLEEPER) for _ in range(JOBS)]
            await report(client, daemon.process.pid)
            for job in jobs:
                await client.stop(job.id, force=True)


if __name__ == "__main__":
    asyncio.run(main())
