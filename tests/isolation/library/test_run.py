"""`joblet.run` is `subprocess.run`, with jobs."""

from __future__ import annotations

import io
import logging
import pickle
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import joblet
from joblet import JobFailedError, JobStatus, JobTimeoutError, Reason, RunnerConfig, sync
from joblet.errors import InvalidCommandError, InvalidLimitError, InvalidRequestError
from joblet.testing.daemon import running_daemon

pytestmark = pytest.mark.isolation

PYTHON = "/usr/bin/python3"
HOG = "x = []\nwhile True: x.append(bytes(1 << 20))"


def test_the_output_is_captured(place: sync.JobRunner) -> None:
    """Captured output has both streams as they were written; text is decoded, its line ends made one."""
    script = "echo out; echo err >&2; printf 'a\\r\\nb\\302\\265'"

    raw = joblet.run(["sh", "-c", script], capture_output=True, on=place)
    text = joblet.run(["sh", "-c", script], capture_output=True, text=True, on=place)

    assert (raw.stdout, raw.returncode) == (b"out\nerr\na\r\nb\xc2\xb5", 0)
    assert not raw.stderr
    assert text.stdout == "out\nerr\na\nbµ"
    assert raw.args == ["sh", "-c", script]


@pytest.mark.parametrize("script", ["exit 0", "exit 3", "kill -9 $$", "kill $$", "echo x; exit 255"])
def test_the_result_is_that_of_subprocess(place: sync.JobRunner, script: str) -> None:
    """Exit codes, signals and output are numbered as subprocess numbers them."""
    expected = subprocess.run(["sh", "-c", script], capture_output=True, check=False)

    done = joblet.run(["sh", "-c", script], capture_output=True, on=place)

    assert isinstance(done, subprocess.CompletedProcess)
    assert (done.args, done.returncode, done.stdout) == (expected.args, expected.returncode, expected.stdout)


def test_input(place: sync.JobRunner) -> None:
    """What is given is read to its end: bytes, text in the encoding, or nothing at all."""
    content = random.Random(7).randbytes(5_000_000)

    raw = joblet.run(["cat"], input=content, capture_output=True, on=place)
    text = joblet.run(["cat"], input="µ\n", text=True, capture_output=True, on=place)
    latin = joblet.run(["wc", "-c"], input="µ", encoding="latin-1", capture_output=True, on=place)
    empty = joblet.run(["cat"], input=b"", capture_output=True, on=place)

    assert raw.stdout == content
    assert (text.stdout, latin.stdout, empty.stdout) == ("µ\n", "1\n", b"")


def test_input_that_is_not_wanted(place: sync.JobRunner) -> None:
    """A job that reads none of it, or not all, is no error."""
    content = b"y\n" * 500_000

    assert joblet.run(["true"], input=content, on=place).returncode == 0
    done = joblet.run(["head", "-n", "1"], input=content, capture_output=True, on=place)
    assert done.stdout == b"y\n"


def test_the_result_knows_its_job(place: sync.JobRunner) -> None:
    """A result has the job, why it ended, and what it used."""
    done = joblet.run(["true"], name="x", cpu=50, memory=64, on=place)

    assert done.job == place.status(done.job.id)
    assert (done.job.spec.limits.cpu_percent, done.job.spec.limits.memory_mb) == (50, 64)
    assert done.reason is Reason.EXITED
    assert done.usage.cpu_seconds


def test_the_output_is_shown(place: sync.JobRunner, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without capturing the output is that of this program, byte by byte; the result has none."""
    done = joblet.run(["printf", r"a\0\377\n"], on=place)

    assert capfdbinary.readouterr().out == b"a\0\xff\n"
    assert done.stdout is None


def test_the_output_is_shown_in_a_notebook(place: sync.JobRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdout takes text only, the output is decoded across the borders of chunks."""
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdout", shown)

    joblet.run(["sh", "-c", r"printf 'a\303'; sleep 0.1; printf '\244b'"], on=place)

    assert shown.getvalue() == "aäb"


def test_a_failure_is_an_error_if_asked(place: sync.JobRunner) -> None:
    """With `check` an exit code is a CalledProcessError with the job, its reason, usage and output."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        joblet.run(["sh", "-c", "echo x; exit 3"], check=True, capture_output=True, on=place)

    error = caught.value
    assert isinstance(error, JobFailedError)
    assert (error.returncode, error.output, error.reason) == (3, b"x\n", Reason.EXITED)
    assert error.usage.peak_memory_bytes
    assert str(error) == (
        f"Command ['sh', '-c', 'echo x; exit 3'] (job {error.job.id}) returned non-zero exit status 3."
    )


@pytest.mark.parametrize(
    ("args", "returncode", "reason", "why"),
    [
        ([PYTHON, "-c", HOG], -9, Reason.OOM, "exceeded its memory limit of 32 MiB"),
        (["sh", "-c", "kill -9 $$"], -9, Reason.SIGNAL, "died with SIGKILL"),
        (["no-such-command"], 127, Reason.START_FAILED, "could not be started: "),
        (["/etc/passwd"], 126, Reason.START_FAILED, "could not be started: "),
    ],
)
def test_an_error_says_why(
    place: sync.JobRunner, args: list[str], returncode: int, reason: Reason, why: str
) -> None:
    """The error's words and values tell the memory limit, a signal and a missing command apart."""
    with pytest.raises(JobFailedError, match=why) as caught:
        joblet.run(args, check=True, memory=32, capture_output=True, on=place)

    assert (caught.value.returncode, caught.value.reason) == (returncode, reason)


def test_a_timeout_stops_the_job(place: sync.JobRunner) -> None:
    """A timeout is a TimeoutExpired, with what was written until then; the job is STOPPED by then."""
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        joblet.run(["sh", "-c", "echo x; sleep 600"], timeout=0.2, capture_output=True, text=True, on=place)

    error = caught.value
    assert isinstance(error, JobTimeoutError)
    assert (error.timeout, error.output, error.reason) == (0.2, "x\n", Reason.TIMEOUT)
    assert place.status(error.job.id).status is JobStatus.STOPPED


def test_a_configured_timeout_is_told_too(config: RunnerConfig) -> None:
    """A job that the configuration's timeout stops is not taken for one that ended."""
    short = RunnerConfig(state_dir=config.state_dir, job_timeout_seconds=0.2)

    with pytest.raises(JobTimeoutError) as caught:
        joblet.run(["sleep", "600"], on=short)

    assert 0.2 <= caught.value.timeout < 10


def test_an_environment_is_added(place: sync.JobRunner) -> None:
    """`env` is added to the job's own environment, and to nothing of this program's."""
    done = joblet.run(["env"], env={"X": "a b"}, capture_output=True, text=True, on=place)

    lines = done.stdout.splitlines()
    assert "X=a b" in lines
    assert "HOME=/work" in lines
    assert not [line for line in lines if line.startswith("PYTEST")]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"args": "ls -l"}, InvalidCommandError, "expected a list of words, got 'ls -l'"),
        ({"args": []}, InvalidCommandError, "expected a list of words"),
        ({"args": ["a;b"]}, InvalidCommandError, "dangerous characters"),
        ({"args": ["true"], "timeout": 0}, InvalidRequestError, "expected more than 0 s, got 0"),
        ({"args": ["true"], "timeout": -1}, InvalidRequestError, "expected more than 0 s, got -1"),
        (
            {"args": ["cat"], "input": "text"},
            InvalidRequestError,
            "expected bytes, or str with text, encoding",
        ),
        (
            {"args": ["cat"], "input": b"", "text": True},
            InvalidRequestError,
            "expected str, as the output is",
        ),
        ({"args": ["true"], "memory": -1}, InvalidLimitError, "maxMemory must not be negative"),
        ({"args": ["true"], "env": {"a=b": "c"}}, InvalidRequestError, "environment variable name: 'a=b'"),
        ({"args": ["true"], "encoding": "no-such"}, LookupError, "unknown encoding: no-such"),
        ({"args": ["true"], "on": "localhost"}, InvalidRequestError, "expected a Node"),
    ],
)
def test_nonsense_is_refused(
    place: sync.JobRunner, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    """What makes no sense is refused before there is a job, and the message says what was expected."""
    with pytest.raises(error, match=message):
        joblet.run(**{"on": place, **arguments})  # type: ignore[call-overload]  # that is the point

    assert place.list() == []


def test_an_error_can_be_sent_elsewhere(place: sync.JobRunner) -> None:
    """Errors survive pickling, which process pools do to them."""
    with pytest.raises(JobFailedError) as failed:
        joblet.run(["false"], check=True, on=place)
    with pytest.raises(JobTimeoutError) as timed_out:
        joblet.run(["sleep", "600"], timeout=0.1, on=place)

    for error in (failed.value, timed_out.value):
        copy = pickle.loads(pickle.dumps(error))
        assert (str(copy), copy.job, copy.output) == (str(error), error.job, error.output)


def test_without_a_place_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is told no place runs on this host, and its state directory is gone afterwards."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    done = joblet.run(["pwd"], capture_output=True, text=True)

    assert done.stdout == "/work\n"
    assert list(tmp_path.iterdir()) == []


def test_events_are_the_programs_to_show(
    place: sync.JobRunner, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A runner prints nothing of its own; its events are records of the logger `joblet`."""
    with caplog.at_level(logging.INFO, logger="joblet"):
        done = joblet.run(["true"], on=place)

    assert capfd.readouterr() == ("", "")
    assert [record.getMessage().split(" jobId=")[0] for record in caplog.records] == [
        'event="job started successfully"',
        'event="job ended"',
    ]
    assert f"jobId={done.job.id}" in caplog.text


def test_a_server_runs_it(tmp_path: Path) -> None:
    """With a node the job runs on that server, and is there to be looked at afterwards."""
    with running_daemon(tmp_path) as daemon:
        done = joblet.run(["echo", "x"], capture_output=True, on=daemon.node("admin"))
        with sync.Client(daemon.node("viewer")) as client:
            listed = client.list()

    assert done.stdout == b"x\n"
    assert listed == [done.job]


INTERRUPTED = """
import joblet, os, pathlib, signal, sys, threading
from joblet import RunnerConfig, sync

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

def interrupt_when_it_runs(job_id):
    next(place.logs(job_id))
    interrupt()

async def interrupted(spec):
    if sys.argv[2] == "starting":
        interrupt()
    job = await start(spec)
    if sys.argv[2] == "running":
        threading.Thread(target=interrupt_when_it_runs, args=(job.id,)).start()
    return job

with sync.JobRunner(RunnerConfig(state_dir=pathlib.Path(sys.argv[1]))) as place:
    start, place._place.start = place._place.start, interrupted
    try:
        joblet.run(["sh", "-c", "echo up; exec sleep 600"], on=place)
    except KeyboardInterrupt:
        print([str(job.status) for job in place.list()])
"""


@pytest.mark.parametrize("moment", ["starting", "running"])
def test_ctrl_c_stops_the_job(config: RunnerConfig, moment: str) -> None:
    """Ctrl-C, while the job starts or in the middle of its output, stops it before it goes on."""
    command = [sys.executable, "-c", INTERRUPTED, str(config.state_dir), moment]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.stderr == ""
    assert done.stdout.removeprefix("up\n") == "['STOPPED']\n"


def test_a_closed_output_stops_the_job(config: RunnerConfig) -> None:
    """A job whose shown output nobody reads any more is stopped, not left behind."""
    program = f"""
import joblet, pathlib, sys
from joblet import RunnerConfig, sync
with sync.JobRunner(RunnerConfig(state_dir=pathlib.Path({str(config.state_dir)!r}))) as place:
    try:
        joblet.run(["sh", "-c", "while echo up; do :; done"], on=place)
    except BrokenPipeError:
        print([str(job.status) for job in place.list()], file=sys.stderr)
sys.stdout = None
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b"['STOPPED']\n"


def test_many_threads_share_a_place(place: sync.JobRunner) -> None:
    """One open place serves any number of threads at once."""
    outputs: list[object] = []

    def run(number: int) -> None:
        outputs.append(joblet.run(["echo", str(number)], capture_output=True, text=True, on=place).stdout)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(int, map(str, outputs))) == list(range(10))


@pytest.fixture(autouse=True)
def sigint() -> Iterator[None]:
    """Have Ctrl-C mean what it does in a program: who runs the tests may ignore it, which is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
