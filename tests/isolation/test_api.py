"""The API, on real jobs, through our stubs and through clients built from the API's document alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet.testing.daemon import Daemon, running_daemon
from support.api import Api, Connect, RefusedError, log_of, one, our_api

pytestmark = pytest.mark.isolation

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    settings = {"joblet": {"maxConcurrentJobs": 3, "stopGracePeriod": "100ms"}}
    with running_daemon(tmp_path_factory.mktemp("daemon"), settings=settings) as running:
        yield running


async def test_a_job_is_described_as_it_was_asked_for(api: Api) -> None:
    """RunJob answers with the id, the request, the limits in force, the status and the start."""
    job = await one(api, "RunJob", command="sh", args=["-c", "exit 0"], maxMemory=64)

    assert (job["command"], job["args"]) == ("sh", ["-c", "exit 0"])
    assert (job["maxCPU"], job["maxMemory"], job["maxIOBPS"]) == (100, 64, 0)
    assert (job["status"], job["endTime"], job["exitCode"]) == ("INITIALIZING", "", 0)
    assert int(job["id"]) >= 1
    assert TIME.fullmatch(job["startTime"])


@pytest.mark.parametrize(
    ("command", "args", "status", "exit_code"),
    [
        ("true", [], "COMPLETED", 0),
        ("sh", ["-c", "exit 3"], "FAILED", 3),
        ("sh", ["-c", "kill -9 $$"], "FAILED", -1),
        ("no-such-command", [], "FAILED", 127),
        ("/etc/passwd", [], "FAILED", 126),
    ],
)
async def test_an_end_is_told(api: Api, command: str, args: list[str], status: str, exit_code: int) -> None:
    """Once the log has ended the job is terminal, with the exit code of the command."""
    job = await one(api, "RunJob", command=command, args=args)
    await log_of(api, job["id"])

    ended = await one(api, "GetJobStatus", id=job["id"])

    assert (ended["status"], ended["exitCode"]) == (status, exit_code)
    assert TIME.fullmatch(ended["endTime"])


async def test_a_log_is_followed_and_read_again(api: Api) -> None:
    """A follower gets every byte from the first to the last, and so does who comes late."""
    script = "printf 'a\\000b'; sleep 0.1; echo err >&2; printf last"
    job = await one(api, "RunJob", command="sh", args=["-c", script])

    followed = await log_of(api, job["id"])
    late = await log_of(api, job["id"])

    assert followed == late == b"a\0berr\nlast"


async def test_a_job_is_stopped_once(api: Api) -> None:
    """StopJob answers when the job is gone; a second one is told that there is nothing to stop."""
    job = await one(api, "RunJob", command="sleep", args=["600"])

    stopped = await one(api, "StopJob", id=job["id"])
    with pytest.raises(RefusedError) as again:
        await one(api, "StopJob", id=job["id"])

    assert (stopped["id"], stopped["status"], stopped["exitCode"]) == (job["id"], "STOPPED", -1)
    assert TIME.fullmatch(stopped["endTime"])
    assert again.value.code == "FAILED_PRECONDITION"
    assert again.value.message == f"job is not running: {job['id']} (current status: STOPPED)"


async def test_all_jobs_are_listed_oldest_first(api: Api) -> None:
    """ListJobs has every job, in the order of their ids."""
    first = await one(api, "RunJob", command="true")
    second = await one(api, "RunJob", command="true")
    for job in (first, second):
        await log_of(api, job["id"])

    ids = [int(job["id"]) for job in (await one(api, "ListJobs"))["jobs"]]

    assert ids == sorted(ids)
    assert ids[-2:] == [int(first["id"]), int(second["id"])]


@pytest.mark.parametrize("method", ["GetJobStatus", "StopJob", "GetJobLogs"])
async def test_an_unknown_id_is_not_found(api: Api, method: str) -> None:
    """Each RPC that takes an id says which one there is no job for."""
    with pytest.raises(RefusedError) as caught:
        await api.call(method, id="999999")

    assert (caught.value.code, caught.value.message) == ("NOT_FOUND", "job not found: 999999")


@pytest.mark.parametrize(
    ("request_fields", "message"),
    [
        ({"command": ""}, "invalid command: command is empty"),
        ({"command": "echo; reboot"}, "invalid command: command contains dangerous characters"),
        ({"command": "echo", "args": ["a\0"]}, "invalid command: argument 1 contains a NUL byte"),
        (
            {"command": "true", "maxMemory": -1},
            "job creation failed: maxMemory must not be negative (got -1)",
        ),
    ],
)
async def test_a_bad_request_is_refused(api: Api, request_fields: dict[str, object], message: str) -> None:
    """What can never run is INVALID_ARGUMENT, and the message says why."""
    with pytest.raises(RefusedError) as caught:
        await api.call("RunJob", **request_fields)

    assert (caught.value.code, caught.value.message) == ("INVALID_ARGUMENT", message)


async def test_too_many_jobs_at_once_are_refused(api: Api) -> None:
    """The one beyond maxConcurrentJobs is RESOURCE_EXHAUSTED, and there is room again afterwards."""
    jobs = [await one(api, "RunJob", command="sleep", args=["600"]) for _ in range(3)]
    with pytest.raises(RefusedError) as caught:
        await one(api, "RunJob", command="true")
    for job in jobs:
        await one(api, "StopJob", id=job["id"])
    await log_of(api, (await one(api, "RunJob", command="true"))["id"])

    assert caught.value.code == "RESOURCE_EXHAUSTED"
    assert caught.value.message == "job creation failed: maximum concurrent jobs reached (3)"


async def test_a_viewer_looks_and_does_not_touch(daemon: Daemon, connect: Connect, tmp_path: Path) -> None:
    """A viewer may list; running a job is refused by role and operation."""
    async with connect(daemon.node("viewer"), tmp_path) as viewer:
        await one(viewer, "ListJobs")
        with pytest.raises(RefusedError) as caught:
            await one(viewer, "RunJob", command="true")

    assert caught.value.code == "PERMISSION_DENIED"
    assert caught.value.message == "role viewer is not allowed to perform operation run_job"


async def test_our_extensions_say_the_rest(daemon: Daemon, tmp_path: Path) -> None:
    """Who knows our fields learns why a job ended and who did it, and reads a log from any byte."""
    async with our_api(daemon.node("admin", name="ada"), tmp_path) as api:
        job = await one(api, "RunJob", command="sh", args=["-c", "echo hello; sleep 600"])
        first = await api.first("GetJobLogs", id=job["id"])
        so_far = await log_of(api, job["id"], noFollow=True)
        await one(api, "StopJob", id=job["id"])
        ended = await one(api, "GetJobStatus", id=job["id"])
        chunks = await api.call("GetJobLogs", id=job["id"], offset=2)

    assert first["payload"] == "aGVsbG8K"
    assert so_far == b"hello\n"
    assert ended["owner"] == "ada"
    assert ended["ending"]["reason"] == "stopped"
    assert ended["ending"]["stoppedBy"] == "ada"
    assert ended["ending"]["logBytes"] == "6"
    assert [(chunk["payload"], chunk["offset"]) for chunk in chunks] == [("bGxvCg==", "2")]
