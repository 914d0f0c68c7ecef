"""Output: every byte, in order, once, whoever reads and however it was written."""

import asyncio
import hashlib
from contextlib import aclosing

import pytest

from joblet import JobRunner, JobSpec, JobStatus
from joblet.errors import InvalidRequestError, JobNotFoundError
from support.running import output_of, python, run, wait_for_line, wait_running

pytestmark = pytest.mark.isolation


async def test_both_streams_are_in_the_log(runner: JobRunner) -> None:
    """Stdout and stderr are one log, in the order of writing."""
    _, output = await run(runner, "sh", "-c", "echo one; echo two >&2; echo three")

    assert output == b"one\ntwo\nthree\n"


async def test_reopening_stderr_truncates_nothing(runner: JobRunner) -> None:
    """`> /dev/stderr` appends: the job's output is a pipe, not a file."""
    _, output = await run(runner, "sh", "-c", "echo one; echo two > /dev/stderr; echo three > /dev/stdout")

    assert output == b"one\ntwo\nthree\n"


async def test_output_is_bytes(runner: JobRunner) -> None:
    """NUL bytes and invalid UTF-8 pass unchanged."""
    program = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 3)"

    assert (await python(runner, program)).output == bytes(range(256)) * 3


async def test_a_line_has_no_maximum(runner: JobRunner) -> None:
    """50 MB without a newline arrive."""
    _, output = await run(runner, "sh", "-c", "head -c 50000000 /dev/zero | tr '\\0' x")

    assert len(output) == 50_000_000
    assert not output.strip(b"x")


async def test_the_last_write_before_the_end_arrives(runner: JobRunner) -> None:
    """Output of the last microsecond is in the log: the reader ends at the record's size, not at the exit."""
    program = "import os; os.write(1, b'x' * 65536); os._exit(3)"

    for _ in range(20):
        job, output = await python(runner, program)
        assert (len(output), job.exit_code) == (65536, 3)


async def test_three_followers_see_the_same(runner: JobRunner) -> None:
    """100 MB of random bytes, three readers from start to end: three sums, all the file's."""
    command = JobSpec("head", ("-c", "100000000", "/dev/urandom"))

    async def digest(job_id: str) -> str:
        whole = hashlib.sha256()
        async for chunk in runner.logs(job_id):
            whole.update(chunk)
        return whole.hexdigest()

    job = await runner.start(command)
    sums = await asyncio.gather(*(digest(job.id) for _ in range(3)))

    again = await output_of(runner, job.id)
    assert len(again) == 100_000_000
    assert set(sums) == {hashlib.sha256(again).hexdigest()}


async def test_a_follower_sees_output_as_it_comes(runner: JobRunner) -> None:
    """A line is there before the job goes on: the job ends only when it is stopped."""
    job = await runner.start(JobSpec("sh", ("-c", "echo ready; sleep 60")))

    await wait_for_line(runner, job.id, b"ready\n")
    assert (await wait_running(runner, job.id)).status is JobStatus.RUNNING
    await runner.stop(job.id)


@pytest.mark.parametrize("offset", [0, 1, 9, 10, 11, 1000])
async def test_a_reader_may_start_anywhere(runner: JobRunner, offset: int) -> None:
    """From any offset exactly the rest; beyond the end nothing."""
    job, output = await run(runner, "printf", "0123456789")

    assert await output_of(runner, job.id, offset) == output[offset:]


async def test_without_follow_a_reader_ends_at_what_is_there(runner: JobRunner) -> None:
    """A running job's log can be looked at without waiting for the job."""
    job = await runner.start(JobSpec("sh", ("-c", "echo here; sleep 60")))
    await wait_for_line(runner, job.id, b"here\n")

    assert [chunk async for chunk in runner.logs(job.id, follow=False)] == [b"here\n"]
    await runner.stop(job.id)


async def test_a_reader_that_leaves_disturbs_nobody(runner: JobRunner) -> None:
    """A follower that goes after one chunk leaves the job and the other follower as they were."""
    job = await runner.start(JobSpec("sh", ("-c", "for i in 1 2 3; do echo $i; sleep 0.05; done")))
    async with aclosing(runner.logs(job.id)) as leaver:
        await anext(leaver)

    assert await output_of(runner, job.id) == b"1\n2\n3\n"


async def test_bad_requests_for_a_log_are_refused(runner: JobRunner) -> None:
    """An unknown job and a negative offset are said to be that."""
    job, _ = await run(runner, "true")

    with pytest.raises(JobNotFoundError):
        await output_of(runner, "999")
    with pytest.raises(InvalidRequestError, match=r"offset must not be negative \(got -1\)"):
        await output_of(runner, job.id, -1)
