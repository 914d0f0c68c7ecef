"""Prometheus on a real daemon, over a real HTTP client; and samples that outlive a killed daemon."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from joblet import Client, JobSpec
from joblet.errors import AccessDeniedError
from joblet.linux.inotify import IN_MODIFY, Inotify
from joblet.testing.daemon import Daemon, running_daemon
from support.places import wait_for_output

pytestmark = pytest.mark.isolation

SERVED = re.compile(r"metrics served \| address=127\.0\.0\.1 port=(\d+)")
SPENDS = "import time\nwhile time.process_time() < 0.3: pass\nprint('x' * 99, flush=True)\ntime.sleep(600)"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon")
    with running_daemon(folder, settings={"metrics": {"port": 0}}) as running:
        yield running


async def scraped(daemon: Daemon) -> Mapping[str, float]:
    """Return each series that Prometheus would find, as JSON of its name and labels."""
    found = SERVED.search(daemon.log())
    assert found is not None
    url = f"http://127.0.0.1:{found[1]}/metrics"

    def get() -> str:
        with urllib.request.urlopen(url) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=")
            text: str = answer.read().decode()
            return text

    return {
        json.dumps([sample.name, *sorted(sample.labels.values())]): sample.value
        for family in text_string_to_metric_families(await asyncio.to_thread(get))
        for sample in family.samples
    }


async def test_jobs_and_calls_are_counted(daemon: Daemon) -> None:
    """What ran, what runs and what was refused, as it happened."""
    async with Client(daemon.node()) as client, Client(daemon.node("viewer")) as viewer:
        first = await client.start(JobSpec("true"))
        await client.wait(first.id)
        job = await client.start(JobSpec("/usr/bin/python3", ("-c", SPENDS)))
        await wait_for_output(client, job.id, b"x" * 99 + b"\n")
        with pytest.raises(AccessDeniedError):
            await viewer.start(JobSpec("true"))
        during = await scraped(daemon)
        await client.stop(job.id)
        after = await scraped(daemon)

    assert during[json.dumps(["joblet_jobs_ended_total", "COMPLETED", "exited"])] == 1
    assert during[json.dumps(["joblet_jobs", "RUNNING"])] == 1
    assert during[json.dumps(["joblet_job_start_seconds_count"])] == 2
    assert 0.3 <= during[json.dumps(["joblet_job_cpu_seconds_total", job.id])] < 2
    assert during[json.dumps(["joblet_job_memory_bytes", job.id])] > 1 << 20
    assert during[json.dumps(["joblet_job_log_bytes", job.id])] == 100
    assert during[json.dumps(["joblet_rejected_calls_total", "PERMISSION_DENIED"])] == 1
    assert during[json.dumps(["joblet_rpc_seconds_count", "/joblet.JobletService/RunJob"])] == 3
    logs = json.dumps(["joblet_stream_bytes_total", "/joblet.JobletService/GetJobLogs", "sent"])
    assert during[logs] >= 100
    assert after[json.dumps(["joblet_jobs_ended_total", "STOPPED", "stopped"])] == 1
    assert after[json.dumps(["joblet_jobs", "RUNNING"])] == 0
    assert json.dumps(["joblet_job_cpu_seconds_total", job.id]) not in after


def test_it_is_off_by_default(tmp_path: Path) -> None:
    """A daemon that is not told to serves no metrics."""
    with running_daemon(tmp_path) as running:
        assert "metrics served" not in running.log()


async def test_samples_outlive_a_killed_daemon(tmp_path: Path) -> None:
    """What was sampled before a SIGKILL is there after it, and the next daemon goes on."""
    with running_daemon(tmp_path) as first:
        async with Client(first.node()) as client:
            job = await client.start(JobSpec("/usr/bin/python3", ("-c", SPENDS)))
            await wait_samples(tmp_path, client, job.id, 2)
            before = await client.stats(job.id)
        first.kill()
        authority = first.authority
    with running_daemon(tmp_path, authority=authority) as second:
        async with Client(second.node()) as client:
            await wait_samples(tmp_path, client, job.id, len(before))
            after = await client.stats(job.id)
            await client.stop(job.id)

    assert list(after[: len(before) - 1]) == list(before[:-1])
    assert len(after) > len(before)


async def wait_samples(folder: Path, client: Client, job_id: str, count: int) -> None:
    """Return once so many samples are kept."""
    with Inotify() as inotify, inotify.watch(folder / "state/jobs" / job_id, IN_MODIFY) as watch:
        while True:
            watch.arm()
            if len(await client.stats(job_id)) >= count + 2:
                return
            await watch.wait()
