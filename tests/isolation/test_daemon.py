"""The daemon as it is installed: how it starts, what it logs, how it stops, and what lives on."""

from __future__ import annotations

import asyncio
import re
import resource
from contextlib import aclosing
from pathlib import Path

import pytest

from joblet.admin.serve import MOST_FILES
from joblet.client import Client
from joblet.config import Node
from joblet.errors import JobletError, ServerUnavailableError, UnauthenticatedError
from joblet.job import JobSpec, JobStatus
from joblet.testing.authority import Authority
from joblet.testing.daemon import running_daemon
from support.openssl import s_client

pytestmark = pytest.mark.isolation

LINE = re.compile(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] \[(DEBUG|INFO|WARN|ERROR)\] .+")


async def test_it_says_where_it_is(tmp_path: Path) -> None:
    """Once it accepts calls, one INFO line has the address; every line of the log has the API's form."""
    with running_daemon(tmp_path, settings={"logging": {"level": "DEBUG"}}) as daemon:
        async with Client(daemon.node()) as client:
            forged = "x\n[2024-01-15T10:30:00Z] [ERROR] forged"
            job = await client.start(JobSpec("echo", (forged,)))
            await client.wait(job.id)
        assert daemon.stop() == 0

    host, port = daemon.address.split(":")
    lines = daemon.log().splitlines()
    assert [line for line in lines if f"[INFO] server started | address={host} port={port}" in line]
    assert all(LINE.fullmatch(line) for line in lines)
    assert not [line for line in lines if line.endswith("[ERROR] forged")]


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"])
async def test_other_cipher_suites_are_refused(tmp_path: Path, suite: str) -> None:
    """A client that offers only another suite is refused in the handshake."""
    with running_daemon(tmp_path) as daemon:
        port, tls = daemon.port, daemon.node().tls
        refused = await s_client(port, tls, tmp_path, "-ciphersuites", suite)
        accepted = await s_client(port, tls, tmp_path, "-ciphersuites", f"{suite}:TLS_AES_256_GCM_SHA384")

    assert "alert handshake failure" in refused
    assert "Cipher is (NONE)" in refused
    assert "Cipher is TLS_AES_256_GCM_SHA384" in accepted


async def test_a_refused_client_learns_why(tmp_path: Path) -> None:
    """On the event loop that the daemon really has, too, the alert reaches the client."""
    authority = Authority()
    with running_daemon(tmp_path, authority=authority) as daemon:
        async with Client(Node(address=daemon.address, tls=authority.expired_client())) as client:
            with pytest.raises(
                UnauthenticatedError, match="certificate verify failed: certificate has expired"
            ):
                await client.list()

    assert '[ERROR] authentication failed | reason="certificate has expired" peer=127.0.0.1:' in daemon.log()


async def test_a_stop_leaves_the_jobs_running(tmp_path: Path) -> None:
    """A follower is told that the server goes; the job goes on, and the next daemon has every byte of it."""
    script = "echo before; read line < gate; echo after"
    settings = {"grpc": {"drainTimeout": "50ms"}}
    with running_daemon(tmp_path, settings=settings) as daemon:
        async with Client(daemon.node(), patience_seconds=0) as client:
            job = await client.start(JobSpec("sh", ("-c", f"mkfifo gate; {script}")))
            async with aclosing(client.logs(job.id)) as chunks:
                first = await anext(chunks)
                stopped = asyncio.get_running_loop().run_in_executor(None, daemon.stop)
                with pytest.raises(JobletError) as told:
                    await anext(chunks)
            assert await stopped == 0
    gate = tmp_path / "state" / "jobs" / job.id / "work" / "gate"
    with running_daemon(tmp_path, authority=daemon.authority) as again:
        async with Client(again.node()) as client:
            restored = await client.status(job.id)
            await asyncio.get_running_loop().run_in_executor(None, gate.write_text, "go\n")
            ended = await client.wait(job.id)
            output = b"".join([chunk async for chunk in client.logs(job.id)])

    assert first == b"before\n"
    assert isinstance(told.value, ServerUnavailableError)
    assert (restored.status, ended.status) == (JobStatus.RUNNING, JobStatus.COMPLETED)
    assert output == b"before\nafter\n"


async def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    """After kill -9 the next daemon takes the job up, and its end is told as if nothing had happened."""
    with running_daemon(tmp_path) as daemon:
        async with Client(daemon.node()) as client:
            job = await client.start(JobSpec("sh", ("-c", "sleep 0.2; echo done; exit 7")))
            daemon.kill()
    with running_daemon(tmp_path, authority=daemon.authority) as again:
        async with Client(again.node()) as client:
            ended = await client.wait(job.id)
            output = b"".join([chunk async for chunk in client.logs(job.id)])

    assert (ended.status, ended.exit_code, output) == (JobStatus.FAILED, 7, b"done\n")


def test_it_may_open_as_many_files_as_the_host_allows(tmp_path: Path) -> None:
    """A shell's low soft limit is not the daemon's: connections, jobs and uploads would soon use it up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with running_daemon(tmp_path) as daemon:
            limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert re.search(rf"^Max open files +{min(hard, MOST_FILES)} +{hard} ", limits, re.MULTILINE), limits


def test_a_state_directory_has_one_daemon(tmp_path: Path) -> None:
    """A second daemon on the same state directory refuses to start, and says why."""
    other = tmp_path / "other"
    other.mkdir()
    with (
        running_daemon(tmp_path),
        pytest.raises(ServerUnavailableError, match="state directory is in use"),
        running_daemon(other, settings={"stateDir": str(tmp_path / "state")}),
    ):
        pass
