"""The quick way to `rnx list` and `rnx status`: it is taken, and says what the full program says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joblet.cli.quick.call import call
from joblet.cli.quick.plain import Server
from joblet.config import Node
from joblet.errors import AccessDeniedError
from joblet.job import Job, JobSpec
from joblet.testing.authority import Authority
from joblet.wire.generated import joblet_pb2 as pb
from support.fakeservice import FakeService, serving
from support.jobs import jobs
from support.programs import SCRIPTS, Outcome, Program, write_rnx_config

PYTHON = sys.executable
FULL = "from joblet.cli.main import main; main()"
SLOW = ("click", "asyncio", "grpclib", "h2", "google.protobuf", "yaml")


@pytest.fixture
def full(rnx: Program) -> Program:
    """The same program without the quick way."""
    return Program(PYTHON, rnx.folder, ("-c", FULL))


async def both(rnx: Program, full: Program, *words: str) -> Outcome:
    """Return what both say, which is the same."""
    quick, expected = await rnx.run(*words), await full.run(*words)
    assert quick == expected
    return quick


class TestTaken:
    """The quick way is taken."""

    @pytest.mark.parametrize("words", [["list"], ["list", "-o", "text"], ["status", "1"]])
    async def test_nothing_slow_is_loaded(self, rnx: Program, service: FakeService, words: list[str]) -> None:
        """An answer comes without what makes the full program slow, by one call."""
        service.add(JobSpec("true"))
        loading = Program(PYTHON, rnx.folder, ("-X", "importtime", str(SCRIPTS / "rnx")))

        outcome = await loading.run(*words)

        loaded = {line.rpartition("|")[2].strip() for line in outcome.err.splitlines()}
        assert "joblet.cli.quick.call" in loaded
        assert loaded.isdisjoint(SLOW)
        assert (outcome.code, len(service.requests)) == (0, 1)

    async def test_no_jobs(self, rnx: Program, full: Program, service: FakeService) -> None:
        """An empty list is an answer too."""
        assert await both(rnx, full, "list") == Outcome(0, b"", "No jobs found\n")
        assert service.requests == [pb.EmptyRequest()] * 2

    async def test_what_comes_from_joblet_init(self, full: Program, node: Node, service: FakeService) -> None:
        """Every way to say which server to call, as long as it is plain."""
        service.add(JobSpec("true"))
        folder, tls = full.folder, node.tls
        (folder / "certs").mkdir()
        for name, text in {"client-cert": tls.cert, "client-key": tls.key, "ca-cert": tls.ca}.items():
            (folder / "certs" / f"{name}.pem").write_text(text)
        (folder / "rnx-config.yml").rename(folder / "mine.yml")
        for flags in (
            ["--config=mine.yml"],
            ["--server", node.address],
            ["--config", "mine.yml", "--node=default"],
        ):
            assert (await both(Program("rnx", folder), full, *flags, "list")).code == 0

        assert len(service.requests) == 6
        variables = {"RNX_CONFIG": "mine.yml", "JOBLET_SERVER": node.address}
        assert (await Program("rnx", folder, variables=variables).run("list")).code == 0


class TestSame:
    """What it says."""

    @settings(
        max_examples=5,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )
    @given(listed=st.lists(jobs(), min_size=1, max_size=8, unique_by=lambda job: job.id))
    async def test_any_jobs(
        self, rnx: Program, full: Program, service: FakeService, listed: list[Job]
    ) -> None:
        """A list of any jobs, and the status of any job, are the same to the last byte."""
        service.jobs = {job.id: job for job in listed}

        assert (await both(rnx, full, "list")).code == 0
        assert (await both(rnx, full, "status", listed[0].id)).code == 0

    async def test_errors(self, rnx: Program, full: Program, service: FakeService) -> None:
        """What fails is said by the full program."""
        assert (await both(rnx, full, "status", "999")).err == "Error: job not found: 999\n"
        service.error = AccessDeniedError("nobody", "list_jobs")
        assert "not allowed" in (await both(rnx, full, "list")).err
        assert "none.yml" in (await both(rnx, full, "--config=none.yml", "list")).err
        assert "no node" in (await both(rnx, full, "--node=third", "list")).err
        assert "Connection refused" in (await both(rnx, full, "--server=localhost:1", "list")).err

    async def test_a_certificate_that_is_refused(
        self, rnx: Program, full: Program, node: Node, authority: Authority
    ) -> None:
        """TLS is as strict, on both sides."""
        for tls in (authority.expired_client(), Authority().client("admin")):
            write_rnx_config(rnx.folder / "rnx-config.yml", {"default": replace(node, tls=tls)})

            assert (await both(rnx, full, "list")).code == 1

    async def test_another_server(
        self, rnx: Program, full: Program, node: Node, authority: Authority
    ) -> None:
        """A server of the same authority that is no joblet is not asked."""
        tls = authority.server(hosts=("localhost", "127.0.0.1"))
        service = FakeService()
        async with serving(service, tls) as address:
            write_rnx_config(rnx.folder / "rnx-config.yml", {"default": replace(node, address=address)})

            assert "certificate verify failed" in (await both(rnx, full, "list")).err
        assert service.requests == []

    async def test_an_output_that_cannot_be_written(
        self, rnx: Program, full: Program, service: FakeService
    ) -> None:
        """It fails as in the full program, which does not answer once more behind what may be written."""
        service.add(JobSpec("true"))
        disk = os.open("/dev/full", os.O_WRONLY)
        try:
            quick, expected = [await program.run("list", stdout=disk) for program in (rnx, full)]
        finally:
            os.close(disk)

        assert quick == expected
        assert quick == Outcome(1, b"", "Error: cannot write output: No space left on device\n")
        assert len(service.requests) == 2

    async def test_an_output_that_is_not_utf_8(
        self, rnx: Program, full: Program, service: FakeService
    ) -> None:
        """Characters that stdout's encoding lacks are click's business."""
        service.add(JobSpec("ü"))
        latin = {"PYTHONIOENCODING": "latin-1"}

        outcome = await both(replace(rnx, variables=latin), replace(full, variables=latin), "list")

        assert outcome.out.endswith(b"Command: \xfc\n")


@asynccontextmanager
async def saying(answer: bytes, called: asyncio.Event | None = None) -> AsyncIterator[str]:
    """Yield the address of a server that says this, and then nothing more."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        if called:
            called.set()
        writer.write(answer)
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        yield "{}:{}".format(*server.sockets[0].getsockname())


async def test_a_server_that_speaks_no_tls(rnx: Program) -> None:
    """What is no TLS is said by the full program."""
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        outcome = await rnx.run("--server", address, "list")

    assert outcome.code == 1
    assert address in outcome.err


async def test_silence(node: Node) -> None:
    """A server that says nothing costs a second, and then the full program's patience."""
    async with saying(b"") as address:
        host, _, port = address.rpartition(":")
        server = Server(host, int(port), node.tls.cert, node.tls.key, node.tls.ca)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(call, server, "/joblet.JobletService/ListJobs", b"")


async def test_ctrl_c(rnx: Program) -> None:
    """An interrupt ends the quick way as it ends the full program: at once, and without a word."""
    called = asyncio.Event()
    async with saying(b"", called) as address:
        process = await rnx.start("--server", address, "list")
        await called.wait()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    assert (process.returncode, out, err) == (130, b"", b"")
