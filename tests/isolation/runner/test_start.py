"""Starting jobs: what is accepted, what runs, what is said when it cannot."""

import asyncio
import dataclasses

import pytest

from joblet import Job, JobRunner, JobSpec, JobStatus, Limits, Reason, RunnerConfig
from joblet.errors import (
    ConfigurationError,
    InvalidLimitError,
    JobNotFoundError,
    StateDirectoryInUseError,
    TooManyJobsError,
)
from support.running import output_of, run

pytestmark = pytest.mark.isolation


async def test_a_command_runs_to_its_end(runner: JobRunner) -> None:
    """The command's output and exit code arrive, and the job knows its own times and reason."""
    job, output = await run(runner, "echo", "hello", "world")

    assert output == b"hello world\n"
    assert job.status is JobStatus.COMPLETED
    assert job.ending is not None
    assert job.ending.reason is Reason.EXITED
    assert job.ending.log_bytes == len(output)
    assert job.ended_at is not None
    assert job.started_at <= job.ended_at
    assert job.pid > 0


async def test_a_start_is_answered_before_the_command_runs(runner: JobRunner) -> None:
    """What RunJob answers is INITIALIZING, with the limits that will be enforced."""
    job = await runner.start(JobSpec("true"), owner="ann")

    assert job.status is JobStatus.INITIALIZING
    assert job.spec.limits == Limits(cpu_percent=100, memory_mb=512, io_bps=0)
    assert job.owner == "ann"
    assert (await runner.wait(job.id)).owner == "ann"


@pytest.mark.parametrize("code", [0, 1, 42, 255])
async def test_an_exit_code_is_the_commands_own(runner: JobRunner, code: int) -> None:
    """0 completes, everything else fails, and the code is kept."""
    job, _ = await run(runner, "sh", "-c", f"exit {code}")

    assert job.exit_code == code
    assert job.status is (JobStatus.FAILED if code else JobStatus.COMPLETED)


@pytest.mark.parametrize(("name", "number"), [("SEGV", 11), ("KILL", 9), ("TERM", 15)])
async def test_a_signal_is_not_an_exit_code(runner: JobRunner, name: str, number: int) -> None:
    """A command that a signal ended has exit code -1 and says which signal."""
    job, _ = await run(runner, "sh", "-c", f"kill -{name} $$")

    assert job.ending is not None
    assert (job.status, job.exit_code) == (JobStatus.FAILED, -1)
    assert (job.ending.reason, job.ending.signal) == (Reason.SIGNAL, number)


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("no-such-command", 127, "No such file or directory"),
        ("/no/such/command", 127, "No such file or directory"),
        ("/etc/passwd", 126, "Permission denied"),
        ("/usr", 126, "Permission denied"),
    ],
)
async def test_a_command_that_cannot_be_executed_is_a_failed_job(
    runner: JobRunner, command: str, code: int, text: str
) -> None:
    """Not found is 127, not executable 126; log and detail say why."""
    job, output = await run(runner, command)

    assert job.ending is not None
    assert (job.status, job.exit_code, job.ending.reason) == (JobStatus.FAILED, code, Reason.START_FAILED)
    assert job.ending.detail == f"exec: {text}"
    assert output.decode() == f"joblet: cannot run {command}: {text}\n"


@pytest.mark.parametrize("argument", ["", " ", "$(id)", "a\nb", "\u00e9\u4e16", "-la", "*", "x" * 100_000])
async def test_an_argument_arrives_as_it_was_given(runner: JobRunner, argument: str) -> None:
    """There is no shell between the caller and the command."""
    _, output = await run(runner, "printf", "%s|", argument)

    assert output.decode() == f"{argument}|"


async def test_options_of_a_job_are_honoured(runner: JobRunner) -> None:
    """Environment and working folder are what was asked; the job's own variables stay."""
    spec = JobSpec(
        "sh",
        ("-c", "pwd; echo $GREETING; echo $HOME $JOBLET_JOB_ID"),
        environment={"GREETING": "hello = world", "HOME": "/tmp", "JOBLET_JOB_ID": "forged"},
        workdir="/usr/lib",
    )

    job = await runner.start(spec)
    await runner.wait(job.id)

    assert await output_of(runner, job.id) == f"/usr/lib\nhello = world\n/tmp {job.id}\n".encode()


@pytest.mark.parametrize(
    ("workdir", "text"), [("missing", "No such file or directory"), ("/etc/passwd", "Not a directory")]
)
async def test_a_working_folder_that_is_not_there_is_a_failed_job(
    runner: JobRunner, workdir: str, text: str
) -> None:
    """The command does not run somewhere else instead; log and detail say why."""
    job = await runner.start(JobSpec("true", workdir=workdir))
    ended = await runner.wait(job.id)

    assert ended.ending is not None
    assert (ended.status, ended.exit_code, ended.ending.detail) == (JobStatus.FAILED, 126, f"workdir: {text}")
    assert await output_of(runner, job.id) == f"joblet: cannot run true: {text}\n".encode()


async def test_a_job_may_have_a_timeout_of_its_own(runner: JobRunner) -> None:
    """It is held, and one that is longer than the configuration allows is refused."""
    job = await runner.start(JobSpec("sleep", ("600",), timeout_seconds=0.1))
    ended = await runner.wait(job.id)

    assert ended.ending is not None
    assert ended.ending.reason is Reason.TIMEOUT
    with pytest.raises(
        InvalidLimitError, match=r"timeout exceeds system limits \(got 7200 s, at most 3600 s\)"
    ):
        await runner.start(JobSpec("true", timeout_seconds=7200))


async def test_ids_count_from_one_and_are_never_reused(config: RunnerConfig) -> None:
    """Across runners, and even when the index is lost."""
    async with JobRunner(config) as runner:
        ids = [(await run(runner, "true")).job.id for _ in range(2)]
    async with JobRunner(config) as runner:
        ids.append((await run(runner, "true")).job.id)
    for path in config.state_dir.glob("joblet.db*"):
        path.unlink()
    async with JobRunner(config) as runner:
        ids.append((await run(runner, "true")).job.id)

    assert ids == ["1", "2", "3", "4"]


@pytest.mark.parametrize("job_id", ["999", "", "0", "01", "-1", "1 ", "x", "9" * 30, "../1"])
async def test_an_id_that_was_not_given_names_no_job(runner: JobRunner, job_id: str) -> None:
    """Only the exact text of an id finds a job."""
    await run(runner, "true")

    with pytest.raises(JobNotFoundError, match="job not found: "):
        await runner.status(job_id)


async def test_so_many_at_the_same_moment(config: RunnerConfig) -> None:
    """Starts that come together count each other: no more jobs run than may."""
    async with JobRunner(dataclasses.replace(config, max_concurrent_jobs=2)) as runner:
        starts = [runner.start(JobSpec("sleep", ("600",))) for _ in range(5)]

        outcomes = await asyncio.gather(*starts, return_exceptions=True)

        started = [outcome for outcome in outcomes if isinstance(outcome, Job)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyJobsError)]
        for job in started:
            await runner.stop(job.id)
    assert (len(started), len(refused)) == (2, 3)


async def test_more_jobs_than_allowed_are_refused(config: RunnerConfig) -> None:
    """The limit holds for running jobs; an ended one makes room."""
    async with JobRunner(dataclasses.replace(config, max_concurrent_jobs=2)) as runner:
        first = await runner.start(JobSpec("sleep", ("60",)))
        second = await runner.start(JobSpec("sleep", ("60",)))
        with pytest.raises(TooManyJobsError, match=r"maximum concurrent jobs reached \(2\)"):
            await runner.start(JobSpec("true"))
        await runner.stop(first.id)
        assert (await run(runner, "true")).job.status is JobStatus.COMPLETED
        await runner.stop(second.id)


async def test_a_limit_beyond_the_host_is_refused(runner: JobRunner) -> None:
    """No job may ask for more memory than there is."""
    with pytest.raises(InvalidLimitError, match="maxMemory exceeds system limits"):
        await runner.start(JobSpec("true", limits=Limits(memory_mb=2**31 - 1)))


async def test_one_runner_a_state_directory(runner: JobRunner, config: RunnerConfig) -> None:
    """A second one is refused, and the first is not disturbed."""
    with pytest.raises(StateDirectoryInUseError, match="in use by another joblet"):
        async with JobRunner(config):
            pass

    assert (await run(runner, "true")).job.status is JobStatus.COMPLETED


async def test_an_unknown_job_user_is_refused(config: RunnerConfig) -> None:
    """A misspelt user is an error at start, not root."""
    with pytest.raises(ConfigurationError, match="jobUser: expected a user of this host, got 'nobdy'"):
        async with JobRunner(dataclasses.replace(config, job_user="nobdy")):
            pass
