"""`joblet stop-jobs`: stop every running job, without a daemon.

What joblet-jobs.service does when it is stopped, at a shutdown above all. It
finds the shims by the locks that they hold, and each does the rest as it does
for the daemon: SIGTERM, the grace period, SIGKILL, the exit record. The next
daemon reads the records.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from joblet.configfile.server import find_server_config, read_server_config
from joblet.linux.inotify import Inotify
from joblet.runner.jobdir import JobDirectory
from joblet.runner.shim import adopt
from joblet.runner.statedir import StateDirectory

STOPPED_BY = "joblet stop-jobs"


@click.command("stop-jobs")
@click.option(
    "--config",
    metavar="PATH",
    help="The joblet-config.yml of the server (default: $JOBLET_CONFIG_PATH, then the usual places).",
)
def command(config: str | None) -> None:
    """Stop every running job, whether the server runs or not.

    It ends when all of them have.
    """
    runner = read_server_config(find_server_config(config, os.environ)).runner
    stopped = asyncio.run(stop_jobs(runner.state_dir))
    click.echo(f"{stopped} jobs stopped")


async def stop_jobs(state_dir: Path) -> int:
    """Stop all that runs of this state directory, and return how many jobs that was.

    Raises:
        OSError: the state directory cannot be read.

    """
    directory = StateDirectory(state_dir)
    try:
        jobs = [directory.job(str(job_id)) for job_id in directory.ids()]
    except FileNotFoundError:  # no daemon has used it yet
        return 0
    running = [job for job in jobs if job.holder() is not None]
    with Inotify() as inotify:
        await asyncio.gather(*(stop_job(job, inotify) for job in running))
    return len(running)


async def stop_job(directory: JobDirectory, inotify: Inotify) -> None:
    """Have one job stopped, and return once its shim has ended."""
    shim = await adopt(directory, inotify)
    if shim is None:
        return
    try:
        directory.note_stop(STOPPED_BY)
    finally:  # a full disk must not prevent a stop
        shim.stop()
        await shim.wait_ended()
        shim.close()
