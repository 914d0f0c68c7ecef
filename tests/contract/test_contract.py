"""One vocabulary, every place: the same verbs give the same values and the same errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from joblet import Ending, JobSpec, JobStatus, Limits, Place, Reason, Terminal
from joblet.errors import (
    InvalidCommandError,
    InvalidLimitError,
    InvalidRequestError,
    JobletError,
    JobNotFoundError,
    JobNotRunningError,
    JobRunningError,
    TooManyJobsError,
)
from support.blocks import each
from support.places import MAX_JOBS, output_of, stop_all, wait_for_output

pytestmark = pytest.mark.isolation

UNKNOWN = ["999999", "", "1x", "../1"]


def sh(script: str, **options: object) -> JobSpec:
    return replace(JobSpec("sh", ("-c", script)), **options)  # type: ignore[arg-type]  # the fields' own types


@pytest.fixture
def sleeper() -> JobSpec:
    """A job that says when it runs, and then does nothing for a long time."""
    return sh("echo up; exec sleep 600")


async def test_a_job_is_as_it_was_asked_for(place: Place) -> None:
    """A start returns what was asked, the limits in force, INITIALIZING, and times in UTC."""
    before = datetime.now(UTC)

    job = await place.start(sh("true", limits=Limits(memory_mb=64), name="a name", timeout_seconds=30.5))

    assert (job.spec.command, job.spec.args, job.spec.name) == ("sh", ("-c", "true"), "a name")
    assert (job.spec.limits, job.spec.timeout_seconds) == (Limits(cpu_percent=100, memory_mb=64), 30.5)
    assert (job.status, job.ending, job.ended_at) == (JobStatus.INITIALIZING, None, None)
    assert before <= job.started_at <= datetime.now(UTC)
    assert job.started_at.utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    ("command", "args", "status", "ending"),
    [
        ("true", (), JobStatus.COMPLETED, Ending(Reason.EXITED, 0)),
        ("sh", ("-c", "echo abc; exit 3"), JobStatus.FAILED, Ending(Reason.EXITED, 3, log_bytes=4)),
        ("sh", ("-c", "kill -9 $$"), JobStatus.FAILED, Ending(Reason.SIGNAL, -1, signal=9)),
    ],
)
async def test_an_end_is_told(
    place: Place, command: str, args: tuple[str, ...], status: JobStatus, ending: Ending
) -> None:
    """Wait, status and list give the same ended job: status, reason, code, signal, size of the log, usage."""
    started = await place.start(JobSpec(command, args))

    ended = await place.wait(started.id)

    assert ended.ending is not None
    assert (ended.status, replace(ended.ending, usage=ending.usage)) == (status, ending)
    assert ended.ending.usage.cpu_seconds is not None
    assert ended.ended_at is not None
    assert ended.ended_at >= ended.started_at
    assert ended == await place.status(started.id)
    assert ended in await place.list()


async def test_a_running_job_says_what_it_uses(place: Place) -> None:
    """Status and list tell what a job has used so far, and no longer once its ending tells it."""
    job = await place.start(sh("echo up; exec sleep 600"))
    await wait_for_output(place, job.id, b"up\n")

    running = await place.status(job.id)
    listed = [each for each in await place.list() if each.id == job.id]

    for seen in (running, *listed):
        assert seen.usage is not None
        assert seen.usage.cpu_seconds is not None
        assert seen.usage.peak_memory_bytes is not None
    assert len(listed) == 1
    assert (await place.stop(job.id)).usage is None


async def test_a_life_is_told(place: Place) -> None:
    """From its acceptance, when it had used nothing, to its end, which is that of its ending."""
    job = await place.start(sh("printf abc"))
    ended = await place.wait(job.id)

    first, *_, last = await place.stats(job.id)

    assert ended.ending is not None
    assert (first.at, first.cpu_seconds, first.log_bytes) == (job.started_at, 0.0, 0)
    assert (last.at, last.cpu_seconds) == (ended.ended_at, ended.ending.usage.cpu_seconds)
    assert (last.log_bytes, last.memory_bytes) == (3, None)


@pytest.mark.parametrize("job_id", UNKNOWN)
async def test_there_are_no_samples_of_no_job(place: Place, job_id: str) -> None:
    """An id of no job is said to be none."""
    with pytest.raises(JobNotFoundError):
        await place.stats(job_id)


async def test_a_command_that_is_not_there_is_a_job_that_failed(place: Place) -> None:
    """A command that cannot be executed is no error of start: the job ends with 127 and says why."""
    job = await place.start(JobSpec("no-such-command"))

    ended = await place.wait(job.id)

    assert ended.ending is not None
    assert (ended.status, ended.exit_code) == (JobStatus.FAILED, 127)
    assert ended.ending.reason is Reason.START_FAILED
    assert "No such file" in ended.ending.detail


async def test_a_timeout_stops(place: Place) -> None:
    """A job that runs too long is STOPPED for that reason."""
    job = await place.start(JobSpec("sleep", ("600",), timeout_seconds=0.1))

    ended = await place.wait(job.id)

    assert ended.ending is not None
    assert (ended.status, ended.ending.reason) == (JobStatus.STOPPED, Reason.TIMEOUT)


async def test_a_job_is_stopped_once(place: Place, sleeper: JobSpec) -> None:
    """A stop returns the job STOPPED, by its signal; a second one is refused with the status."""
    job = await place.start(sleeper)
    await wait_for_output(place, job.id, b"up\n")

    stopped = await place.stop(job.id)

    assert stopped.ending is not None
    assert (stopped.status, stopped.ending.reason) == (JobStatus.STOPPED, Reason.STOPPED)
    assert (stopped.exit_code, stopped.ending.signal) == (-1, 15)
    with pytest.raises(JobNotRunningError) as caught:
        await place.stop(job.id)
    assert type(caught.value) is JobNotRunningError
    assert str(caught.value) == f"job is not running: {job.id} (current status: STOPPED)"


async def test_a_job_that_ignores_a_stop_is_forced(place: Place) -> None:
    """With `force` a job has no grace period, however long it was to be."""
    script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    job = await place.start(sh(script, stop_grace_seconds=600.0))
    await wait_for_output(place, job.id, b"up\n")

    stopped = await place.stop(job.id, force=True)

    assert stopped.ending is not None
    assert (stopped.status, stopped.ending.signal) == (JobStatus.STOPPED, 9)


async def test_jobs_are_listed_oldest_first(place: Place) -> None:
    """A list has each job once, in the order of the starts."""
    started = [(await place.start(JobSpec("true"))).id for _ in range(3)]
    for job_id in started:
        await place.wait(job_id)

    listed = [job.id for job in await place.list()]

    assert [job_id for job_id in listed if job_id in started] == started
    assert len(listed) == len(set(listed))


async def test_a_log_is_followed_from_its_first_byte_to_its_last(place: Place) -> None:
    """A follower gets every byte, in order, and so does who comes late; bytes need be no text."""
    job = await place.start(sh("printf 'a\\000\\377b'; sleep 0.1; echo err >&2; printf last"))

    followed = await output_of(place, job.id)

    assert followed == b"a\0\xffberr\nlast"
    assert await output_of(place, job.id) == followed


@pytest.mark.parametrize("offset", [0, 1, 4095, 4096, 299_999, 300_000, 300_001, 2**62])
async def test_a_log_is_read_from_an_offset(place: Place, offset: int) -> None:
    """What is read starts at that byte exactly; beyond the end there is nothing."""
    job = await place.start(sh("seq -f %06g 1 50000 | head -c 300000"))
    whole = await output_of(place, job.id)

    rest = await output_of(place, job.id, offset=offset)

    assert len(whole) == 300_000
    assert rest == whole[offset:]
    assert await output_of(place, job.id, offset=offset, follow=False) == rest


async def test_a_log_is_read_without_following(place: Place, sleeper: JobSpec) -> None:
    """Without `follow` a running job's log ends at what is there."""
    job = await place.start(sleeper)
    await wait_for_output(place, job.id, b"up\n")

    assert await output_of(place, job.id, follow=False) == b"up\n"


async def test_a_follower_leaves_early(place: Place, sleeper: JobSpec) -> None:
    """A follower that closes leaves the job running, and the place usable."""
    job = await place.start(sleeper)

    async with aclosing(place.logs(job.id)) as chunks:
        first = await anext(chunks)

    assert first == b"up\n"
    assert not (await place.status(job.id)).status.is_terminal


async def test_a_negative_offset_is_refused(place: Place) -> None:
    """A negative offset is refused in the same words everywhere."""
    job = await place.start(JobSpec("true"))
    await place.wait(job.id)

    with pytest.raises(InvalidRequestError, match=r"^offset must not be negative \(got -1\)$"):
        await output_of(place, job.id, offset=-1)


async def test_a_wait_ends_with_its_job(place: Place, sleeper: JobSpec) -> None:
    """Any number of waits return the same ended job, and no earlier than it has ended."""
    job = await place.start(sleeper)
    await wait_for_output(place, job.id, b"up\n")
    waits = [asyncio.create_task(place.wait(job.id)) for _ in range(2)]

    stopped = await place.stop(job.id)

    assert await asyncio.gather(*waits) == [stopped, stopped]


async def test_ended_jobs_are_removed(place: Place) -> None:
    """A removed job is known to no verb any more; removing nothing does nothing."""
    job = await place.start(JobSpec("echo", ("x",)))
    await place.wait(job.id)
    await place.remove([])

    await place.remove([job.id])

    assert job.id not in [other.id for other in await place.list()]
    with pytest.raises(JobNotFoundError, match=rf"^job not found: {job.id}$"):
        await place.status(job.id)


async def test_a_removal_is_of_all_or_none(place: Place, sleeper: JobSpec) -> None:
    """If one of the jobs runs, or is not there, none is removed."""
    ended, running = await place.start(JobSpec("true")), await place.start(sleeper)
    await place.wait(ended.id)
    await wait_for_output(place, running.id, b"up\n")

    with pytest.raises(JobRunningError) as caught:
        await place.remove([ended.id, running.id])
    with pytest.raises(JobNotFoundError, match=r"^job not found: 999999$"):
        await place.remove([ended.id, "999999"])

    assert str(caught.value) == f"job has not ended: {running.id} (current status: RUNNING)"
    assert (await place.status(ended.id)).status is JobStatus.COMPLETED


async def test_an_input_is_written(place: Place) -> None:
    """The job reads all of it, to its end of file."""
    job = await place.start(JobSpec("cat", stdin=True))

    assert job.spec.has_input
    await place.write_input(job.id, each(b"one ", b"", b"t\0wo", bytes(200_000)))
    assert await output_of(place, job.id) == b"one t\0wo" + bytes(200_000)


async def test_an_input_that_is_not_wanted(place: Place) -> None:
    """A job that closes its input ends the writing, not with an error; `yes | head -n 1`."""
    job = await place.start(JobSpec("head", ("-n", "1"), stdin=True))

    await place.write_input(job.id, each(*[b"y\n" * 50_000] * 20))

    assert await output_of(place, job.id) == b"y\n"


async def test_a_terminal_is_written(place: Place) -> None:
    """What is typed is echoed, and the end of file is a key."""
    job = await place.start(JobSpec("cat", terminal=Terminal(rows=24, columns=80)))

    assert job.spec.terminal == Terminal(24, 80)
    await place.write_input(job.id, each(b"line\n"))
    assert await output_of(place, job.id) == b"line\r\nline\r\n"


async def test_a_job_without_input(place: Place, sleeper: JobSpec) -> None:
    """It is said that it has none, and it runs on; what has ended is said to have ended."""
    job = await place.start(sleeper)

    with pytest.raises(InvalidRequestError) as caught:
        await place.write_input(job.id, each(b"x"))

    assert str(caught.value) == f"job has no input: {job.id} (it is given one when it is started)"
    await place.stop(job.id)
    with pytest.raises(JobNotRunningError) as ended:
        await place.write_input(job.id, each(b"x"))
    assert type(ended.value) is JobNotRunningError
    assert str(ended.value) == f"job is not running: {job.id} (current status: STOPPED)"


@pytest.mark.parametrize("size", [(-1, 80), (24, 65536)])
def test_a_terminal_of_no_size(size: tuple[int, int]) -> None:
    """A size that the kernel does not have is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="invalid terminal: expected 0 to 65535 rows and columns"):
        Terminal(*size)


@pytest.mark.parametrize("job_id", UNKNOWN)
@pytest.mark.parametrize("verb", ["status", "stop", "wait", "logs", "remove", "write_input"])
async def test_an_unknown_job_is_not_found(place: Place, verb: str, job_id: str) -> None:
    """Every verb says of an unknown id, in the API's words, that there is no such job."""
    verbs: dict[str, Callable[[str], Awaitable[object]]] = {
        "status": place.status,
        "stop": place.stop,
        "wait": place.wait,
        "logs": lambda job_id: output_of(place, job_id),
        "remove": lambda job_id: place.remove([job_id]),
        "write_input": lambda job_id: place.write_input(job_id, each(b"x")),
    }

    with pytest.raises(JobNotFoundError) as caught:
        await verbs[verb](job_id)

    assert type(caught.value) is JobNotFoundError
    assert str(caught.value) == f"job not found: {job_id}"


@pytest.mark.parametrize(
    ("limits", "error", "message"),
    [
        (
            Limits(cpu_percent=-1),
            InvalidLimitError,
            "job creation failed: maxCPU must not be negative (got -1)",
        ),
        (
            Limits(memory_mb=2**31 - 1),
            InvalidLimitError,
            "job creation failed: maxMemory exceeds system limits",
        ),
    ],
)
async def test_a_limit_is_refused(
    place: Place, limits: Limits, error: type[JobletError], message: str
) -> None:
    """A limit that cannot be granted is refused, with its class and in the same words."""
    with pytest.raises(error) as caught:
        await place.start(JobSpec("true", limits=limits))

    assert type(caught.value) is error
    assert str(caught.value).startswith(message)


async def test_a_command_that_is_too_long_is_refused(place: Place) -> None:
    """What execve(2) does not take (128 KiB in one argument) is an invalid command."""
    with pytest.raises(InvalidCommandError) as caught:
        await place.start(JobSpec("echo", ("x" * 140_000,)))

    assert str(caught.value) == "invalid command: command and arguments are too long for this host"


async def test_no_more_run_than_may(place: Place, sleeper: JobSpec) -> None:
    """A start beyond the configured number is refused, and changes nothing."""
    await stop_all(place)
    for _ in range(MAX_JOBS):
        await place.start(sleeper)
    before = [job.id for job in await place.list()]

    with pytest.raises(TooManyJobsError) as caught:
        await place.start(sleeper)

    assert str(caught.value) == f"job creation failed: maximum concurrent jobs reached ({MAX_JOBS})"
    assert [job.id for job in await place.list()] == before


async def test_a_key_starts_one_job(place: Place) -> None:
    """A second start with a key finds the first one's job; for another job it is refused."""
    key = f"started at {datetime.now(UTC)}"
    first = await place.start(JobSpec("true", key=key))

    again = await place.start(JobSpec("true", key=key))

    assert again.id == first.id
    with pytest.raises(InvalidRequestError) as caught:
        await place.start(JobSpec("false", key=key))
    assert str(caught.value) == f"key {key!r} was used before, for a different job: {first.id}"
