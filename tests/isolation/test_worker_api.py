"""The second API, on real jobs, through our stubs and through clients built from its document alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from joblet.runner.jobdir import JobDirectory
from joblet.testing.daemon import Daemon, running_daemon
from support.api import Api, Connect, RefusedError, log_of, one, our_api, text_of

pytestmark = pytest.mark.isolation


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(
        tmp_path_factory.mktemp("daemon"), settings={"joblet": {"maxConcurrentJobs": 3}}
    ) as running:
        yield running


async def started(api: Api, command: str, *args: str) -> str:
    """Return the id of a job whose command executes."""
    answer = await one(api, "Start", commandName=command, Arguments=args)
    assert (answer["success"], answer["message"]) == (True, "")
    job_id: str = answer["jobID"]
    return job_id


async def test_a_start_answers_with_the_pid_of_the_command(api: Api) -> None:
    """Start's pid is the command's own, on the host: what /proc calls by the command's name."""
    answer = await one(api, "Start", commandName="sleep", Arguments=["600"])
    words = Path(f"/proc/{answer['pid']}/cmdline").read_bytes().split(b"\0")
    status = await one(api, "QueryStatus", jobID=answer["jobID"])
    await one(api, "Stop", jobID=answer["jobID"])

    assert (answer["success"], answer["message"]) == (True, "")
    assert words == [b"sleep", b"600", b""]
    assert status == {"pid": answer["pid"], "exitCode": 0, "command": "sleep", "JobStatus": "RUNNING"}


@pytest.mark.parametrize(("script", "exit_code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -1)])
async def test_an_end_is_told(api: Api, script: str, exit_code: int) -> None:
    """A job that has ended is EXITED with its command's exit code, or -1 if a signal ended it."""
    job_id = await started(api, "sh", "-c", script)
    await text_of(api, job_id)

    ended = await one(api, "QueryStatus", jobID=job_id)

    assert (ended["JobStatus"], ended["exitCode"], ended["command"]) == ("EXITED", exit_code, "sh")
    assert ended["pid"] > 0


@pytest.mark.parametrize(
    ("command", "exit_code", "why"),
    [("no-such-command", 127, "No such file or directory"), ("/etc/passwd", 126, "Permission denied")],
)
async def test_a_command_that_cannot_be_executed_did_not_start(
    api: Api, command: str, exit_code: int, why: str
) -> None:
    """There is a job, which failed and has the reason in its output; success is false and there is no pid."""
    answer = await one(api, "Start", commandName=command)
    job_id = answer["jobID"]
    output = await text_of(api, job_id)
    ended = await one(api, "QueryStatus", jobID=job_id)

    assert (answer["success"], answer["pid"]) == (False, 0)
    assert answer["message"] == f"job did not start: {job_id} (exec: {why})"
    assert ended == {"pid": 0, "exitCode": exit_code, "command": command, "JobStatus": "EXITED"}
    assert why in output


@pytest.mark.parametrize(
    ("command", "args", "message"),
    [
        ("", [], "invalid command: command is empty"),
        ("echo; reboot", [], "invalid command: command contains dangerous characters"),
        ("echo", ["a\0"], "invalid command: argument 1 contains a NUL byte"),
    ],
)
async def test_a_refused_command_is_no_job(api: Api, command: str, args: list[str], message: str) -> None:
    """What can never run is a start that failed, with the reason and without a job."""
    answer = await one(api, "Start", commandName=command, Arguments=args)

    assert answer == {"jobID": "", "pid": 0, "success": False, "message": message}


async def test_a_job_is_stopped_once(api: Api) -> None:
    """Stop answers when the job is gone; a second one did not stop it, and says what it found."""
    job_id = await started(api, "sleep", "600")

    first = await one(api, "Stop", jobID=job_id)
    ended = await one(api, "QueryStatus", jobID=job_id)
    second = await one(api, "Stop", jobID=job_id)

    assert first == {"success": True, "message": ""}
    assert (ended["JobStatus"], ended["exitCode"]) == ("EXITED", -1)
    assert second == {
        "success": False,
        "message": f"job is not running: {job_id} (current status: STOPPED)",
    }


async def test_an_end_that_nobody_saw_is_unknown(daemon: Daemon, api: Api) -> None:
    """A job whose shim dies is UNKNOWN with -1, its output ends, and there is nothing left to stop."""
    job_id = await started(api, "sh", "-c", "echo so far; exec sleep 600")
    await api.first("GetOutput", jobID=job_id)
    shim = JobDirectory(daemon.folder / "state" / "jobs" / job_id).holder()
    assert shim
    os.kill(shim, signal.SIGKILL)

    output = await text_of(api, job_id)
    status = await one(api, "QueryStatus", jobID=job_id)
    stop = await one(api, "Stop", jobID=job_id)

    assert output == "so far\n"
    assert (status["JobStatus"], status["exitCode"]) == ("UNKNOWN", -1)
    assert not stop["success"]


async def test_output_comes_while_the_job_runs(api: Api) -> None:
    """The first bytes are there before the job ends."""
    job_id = await started(api, "sh", "-c", "echo first; exec sleep 600")

    first = await api.first("GetOutput", jobID=job_id)
    status = await one(api, "QueryStatus", jobID=job_id)
    await one(api, "Stop", jobID=job_id)

    assert first == {"output": "first\n"}
    assert status["JobStatus"] == "RUNNING"


async def test_output_is_text_to_its_end(api: Api) -> None:
    """Characters survive being written in halves; what is no UTF-8 is replaced, early readers and late."""
    script = (
        r"printf 'g\303'; sleep 0.1; printf '\274n\000 \377 \360\237'; sleep 0.1; printf '\246\212 \342\202'"
    )
    job_id = await started(api, "sh", "-c", script)

    followed = await text_of(api, job_id)
    late = await text_of(api, job_id)

    assert followed == late == "gün\0 \ufffd 🦊 \ufffd"


async def test_much_output_arrives_whole(api: Api) -> None:
    """Megabytes of what is no UTF-8, three times as large once it is text, arrive to the character."""
    size = 3_000_000
    job_id = await started(api, "sh", "-c", rf"head -c {size} /dev/zero | tr '\000' '\377'")

    assert await text_of(api, job_id) == "\ufffd" * size


@pytest.mark.parametrize("method", ["QueryStatus", "Stop", "GetOutput"])
async def test_an_unknown_id_is_not_found(api: Api, method: str) -> None:
    """An id that no job has is a status, not a `success` that is false."""
    with pytest.raises(RefusedError) as caught:
        await api.call(method, jobID="999999")

    assert (caught.value.code, caught.value.message) == ("NOT_FOUND", "job not found: 999999")


async def test_too_many_jobs_are_not_the_jobs_fault(api: Api) -> None:
    """A server that is full answers with a status: the same start may succeed later."""
    jobs = [await started(api, "sleep", "600") for _ in range(3)]
    with pytest.raises(RefusedError) as caught:
        await one(api, "Start", commandName="true")
    for job_id in jobs:
        await one(api, "Stop", jobID=job_id)

    assert caught.value.code == "RESOURCE_EXHAUSTED"


async def test_a_viewer_looks_and_does_not_touch(daemon: Daemon, connect: Connect, tmp_path: Path) -> None:
    """A viewer may query and read; starting and stopping are refused by role and operation."""
    async with our_api(daemon.node("admin"), tmp_path) as admin:
        job_id = await started(admin, "echo", "hello")
    async with connect(daemon.node("viewer"), tmp_path) as viewer:
        output = await text_of(viewer, job_id)
        status = await one(viewer, "QueryStatus", jobID=job_id)
        with pytest.raises(RefusedError) as start:
            await one(viewer, "Start", commandName="true")
        with pytest.raises(RefusedError) as stop:
            await one(viewer, "Stop", jobID=job_id)

    assert (output, status["JobStatus"]) == ("hello\n", "EXITED")
    assert (start.value.code, stop.value.code) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert start.value.message == "role viewer is not allowed to perform operation run_job"
    assert stop.value.message == "role viewer is not allowed to perform operation stop_job"


async def test_a_job_of_one_api_is_a_job_of_the_other(api: Api) -> None:
    """What either starts, the other sees, reads and stops, under the same id."""
    of_worker = await started(api, "sh", "-c", "echo from worker; exec sleep 600")
    of_joblet = (await one(api, "RunJob", command="sh", args=["-c", "echo from joblet; exec sleep 600"]))[
        "id"
    ]
    listed = {job["id"]: job["command"] for job in (await one(api, "ListJobs"))["jobs"]}
    await api.first("GetOutput", jobID=of_joblet)
    running = await one(api, "QueryStatus", jobID=of_joblet)
    stopped = await one(api, "StopJob", id=of_worker)
    await one(api, "Stop", jobID=of_joblet)
    ended = await one(api, "GetJobStatus", id=of_joblet)

    assert listed[of_worker] == listed[of_joblet] == "sh"
    assert (running["JobStatus"], stopped["status"], ended["status"]) == ("RUNNING", "STOPPED", "STOPPED")
    assert await log_of(api, of_worker) == b"from worker\n"
    assert await text_of(api, of_joblet) == "from joblet\n"
