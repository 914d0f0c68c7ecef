"""`rnx log`: bytes as they are, when they come; and every way to leave early."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from asyncio.subprocess import Process

import pytest

from joblet.cli.output import Output
from joblet.job import Ending, JobSpec, Reason
from support.fakeservice import FakeService
from support.programs import Outcome, Program, outcome

SPEC = JobSpec("make")
EXITED = Ending(reason=Reason.EXITED, exit_code=0)
HEADER = "Logs for job 1 (Press Ctrl+C to exit if streaming):\n"
PIPE_BYTES = 1 << 16


def out_of(process: Process) -> asyncio.StreamReader:
    assert process.stdout
    return process.stdout


async def ended(process: Process) -> Outcome:
    out, err = await process.communicate()
    return outcome(process, out, err)


async def test_bytes_arrive_as_they_are(rnx: Program, service: FakeService) -> None:
    """Stdout has the output and nothing else, whatever its bytes; the header is on stderr."""
    chunks = [random.Random(1).randbytes(300_000), b"\x00\xff\r\n", b"no newline at the end"]
    service.add(SPEC, EXITED)
    service.logs["1"] = chunks

    assert await rnx.run("log", "1") == Outcome(0, b"".join(chunks), HEADER)


async def test_a_chunk_is_written_when_it_comes(rnx: Program, service: FakeService) -> None:
    """A follower sees output while the job runs, and ends when the job does."""
    service.add(SPEC)
    service.logs["1"] = [b"working"]
    process = await rnx.start("log", "-f", "1")

    assert await out_of(process).readexactly(7) == b"working"
    assert process.returncode is None
    service.job_ended.set()

    assert await ended(process) == Outcome(0, b"", HEADER)


@pytest.mark.parametrize("flag", ["--follow=false", "-f=false", "--follow=False", "--no-follow"])
async def test_historical_logs_only(rnx: Program, service: FakeService, flag: str) -> None:
    """Without follow the output so far is all, even of a running job."""
    service.add(SPEC)
    service.logs["1"] = [b"so far"]

    assert await rnx.run("log", flag, "1") == Outcome(0, b"so far", HEADER)
    assert service.requests[-1].noFollow


@pytest.mark.parametrize("flags", [[], ["-f"], ["--follow"], ["--follow=true"]])
async def test_following_is_the_default(rnx: Program, service: FakeService, flags: list[str]) -> None:
    """`rnx log 1` follows, as does every way to say so."""
    service.add(SPEC, EXITED)

    assert (await rnx.run("log", *flags, "1")).code == 0
    assert not service.requests[-1].noFollow


async def test_ctrl_c_leaves_quietly(rnx: Program, service: FakeService) -> None:
    """An interrupt ends a follower without a word, as a shell expects, and frees the server."""
    service.add(SPEC)
    service.logs["1"] = [b"working"]
    process = await rnx.start("log", "1")
    await out_of(process).readexactly(7)

    process.send_signal(signal.SIGINT)

    assert await ended(process) == Outcome(130, b"", HEADER)
    await service.cancelled.wait()


async def test_ctrl_c_leaves_a_reader_that_does_not_read(rnx: Program, service: FakeService) -> None:
    """An interrupt does not wait for a pager that has stopped reading."""
    service.add(SPEC)
    service.logs["1"] = [bytes(4 * PIPE_BYTES)]
    read_fd, write_fd = os.pipe()
    try:
        process = await rnx.start("log", "1", stdout=write_fd)
        await service.log_sent.wait()
        await readable(read_fd)

        process.send_signal(signal.SIGINT)

        assert (await ended(process)).code == 130
    finally:
        os.close(read_fd)
        os.close(write_fd)


async def readable(fd: int) -> None:
    """Wait until there is something to read."""
    there = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(fd, there.set)
    await there.wait()
    loop.remove_reader(fd)


async def test_a_reader_that_leaves(rnx: Program, service: FakeService) -> None:
    """`rnx log 1 | head` ends when head does, quietly, with a shell's code for it."""
    service.add(SPEC)
    service.logs["1"] = [b"line\n" * PIPE_BYTES]
    read_fd, write_fd = os.pipe()
    process = await rnx.start("log", "1", stdout=write_fd)
    os.close(write_fd)
    await readable(read_fd)
    os.close(read_fd)

    assert await ended(process) == Outcome(141, b"", HEADER)
    await service.cancelled.wait()


async def test_a_reader_of_a_list_that_leaves(rnx: Program, service: FakeService) -> None:
    """A closed pipe is no error of any other verb either."""
    service.add(SPEC)
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    try:
        assert await rnx.run("list", stdout=write_fd) == Outcome(141, b"", "")
    finally:
        os.close(write_fd)


@pytest.mark.parametrize("words", [["list"], ["log", "1"]])
async def test_a_full_disk_is_an_error(rnx: Program, service: FakeService, words: list[str]) -> None:
    """Output that cannot be written is said, and is no success."""
    service.add(SPEC, EXITED)
    service.logs["1"] = [b"output"]
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        result = await rnx.run(*words, stdout=full)
    finally:
        os.close(full)

    assert result.code == 1
    assert result.err.removeprefix(HEADER) == "Error: cannot write output: No space left on device\n"


async def test_a_blocked_reader_does_not_block_the_event_loop() -> None:
    """While nobody reads, everything else goes on; then every byte arrives, in order."""
    chunks = [bytes([number]) * PIPE_BYTES for number in range(5)]
    read_fd, write_fd = os.pipe()
    try:
        async with Output(write_fd) as output:
            writing = asyncio.create_task(write_all(output, chunks))
            await readable(read_fd)
            assert not writing.done()

            received = b""
            while len(received) < len(chunks) * PIPE_BYTES:
                received += await asyncio.to_thread(os.read, read_fd, PIPE_BYTES)
            await writing
    finally:
        os.close(read_fd)
        os.close(write_fd)
    assert received == b"".join(chunks)


async def write_all(output: Output, chunks: list[bytes]) -> None:
    for chunk in chunks:
        await output.write(chunk)


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (["--tail=2"], b"two\nthree"),
        (["--tail", "0"], b""),
        (["--tail", "9"], b"one\ntwo\nthree"),
        (["--since-offset=4"], b"two\nthree"),
        (["--since-offset=99"], b""),
        (["--follow=false", "--tail=1"], b"three"),
    ],
)
async def test_where_to_start(rnx: Program, service: FakeService, flags: list[str], shown: bytes) -> None:
    """A log can be shown from its last lines, or from a byte, on."""
    service.add(SPEC, EXITED)
    service.logs["1"] = [b"one\ntw", b"o\nthree"]

    assert await rnx.run("log", *flags, "1") == Outcome(0, shown, HEADER)


@pytest.mark.parametrize(
    "flags", [["--tail=-1"], ["--tail=ten"], ["--since-offset=-5"], ["--tail=1", "--since-offset=1"]]
)
async def test_nowhere_to_start(rnx: Program, service: FakeService, flags: list[str]) -> None:
    """A negative or doubled start is wrong usage, and nothing is asked of the server."""
    outcome = await rnx.run("log", *flags, "1")

    assert (outcome.code, outcome.out, service.requests) == (2, b"", [])
    assert "--tail" in outcome.err or "--since-offset" in outcome.err
