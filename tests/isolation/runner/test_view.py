"""What a job can see and do: only what it was given."""

import dataclasses
import os
import socket
from pathlib import Path

import pytest

from joblet import JobRunner, JobSpec, JobStatus, RunnerConfig
from support.running import python, run

pytestmark = pytest.mark.isolation

STATUS_FIELDS = (
    "Uid",
    "Gid",
    "Groups",
    "NoNewPrivs",
    "Seccomp",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
)


def status_of(text: bytes) -> dict[str, str]:
    """Return fields of /proc/PID/status."""
    pairs = (line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
    return {name: value.strip() for name, value in pairs}


@pytest.mark.parametrize("user", ["nobody", "root"])
async def test_a_job_has_no_privilege(config: RunnerConfig, user: str) -> None:
    """No capability in any set and no way to gain one; not root unless the configuration says so."""
    async with JobRunner(dataclasses.replace(config, job_user=user)) as runner:
        job, output = await run(runner, "cat", "/proc/self/status")

    assert job.status is JobStatus.COMPLETED
    status = status_of(output)
    uid = "65534" if user == "nobody" else "0"
    assert status["Uid"].split() == [uid] * 4
    assert status["Gid"].split() == [uid] * 4
    assert status["Groups"] == ""
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert {status[name] for name in STATUS_FIELDS if name.startswith("Cap")} == {"0" * 16}


async def test_a_job_sees_its_own_processes_only(runner: JobRunner) -> None:
    """PID 1 is its init, and there is nothing of the host."""
    _, output = await run(runner, "sh", "-c", "ls /proc | grep -c '^[0-9]'; echo $$")

    processes, own_pid = map(int, output.split())
    assert processes <= 4
    assert own_pid == 2


async def test_a_job_has_a_host_name_of_its_own(runner: JobRunner) -> None:
    """The name in the job is the job's, and the host's stays."""
    before = socket.gethostname()

    job, output = await run(runner, "uname", "-n")

    assert output.decode().strip() == f"job-{job.id}"
    assert socket.gethostname() == before


async def test_the_environment_is_clean(runner: JobRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly five variables, and nothing of the daemon's."""
    monkeypatch.setenv("DAEMON_SECRET", "hunter2")

    job, output = await run(runner, "env")

    assert dict(line.split("=", 1) for line in output.decode().splitlines()) == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/work",
        "LANG": "C.UTF-8",
        "USER": "nobody",
        "JOBLET_JOB_ID": job.id,
    }


async def test_the_working_folder_is_the_jobs_own(runner: JobRunner) -> None:
    """/work is writable, empty, the current folder, and not shared between jobs."""
    _, first = await run(runner, "sh", "-c", "pwd; ls -A; echo mine > file; cat file; ls -ld . | cut -c1-10")
    _, second = await run(runner, "ls", "-A", "/work")

    assert first == b"/work\nmine\ndrwx------\n"
    assert second == b""


@pytest.mark.parametrize("user", ["nobody", "root"])
@pytest.mark.parametrize(
    "path", ["/root", "/home", "/var", "/boot", "/sys", "/run", "{state}", "{state}/jobs", "{secret}"]
)
async def test_a_job_does_not_see(config: RunnerConfig, tmp_path: Path, path: str, user: str) -> None:
    """Home folders, the state directory, other jobs' files, anything not given: it is simply not there."""
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    seen = path.format(state=config.state_dir, secret=secret)
    async with JobRunner(dataclasses.replace(config, job_user=user)) as runner:
        job, output = await run(runner, "ls", "-A", seen)

    assert job.exit_code == 2
    assert output.decode().endswith("No such file or directory\n")


async def test_what_is_hidden_is_covered(config: RunnerConfig, tmp_path: Path) -> None:
    """A folder of keys below a visible one is empty, even for a job that runs as root."""
    keys = tmp_path / "etc" / "keys"
    keys.mkdir(parents=True)
    (keys / "ca-key.pem").write_text("secret")
    visible = str(tmp_path / "etc")
    custom = dataclasses.replace(
        config, job_user="root", read_only=(*config.read_only, visible), hidden=(str(keys),)
    )
    async with JobRunner(custom) as runner:
        _, output = await run(runner, "find", visible)

    assert output.decode().splitlines() == [visible, str(keys)]


@pytest.mark.parametrize("user", ["nobody", "root"])
@pytest.mark.parametrize(
    "command",
    [
        "touch /usr/x",
        "touch /etc/x",
        "touch /x",
        "mkdir /dev/x",
        "mount -t tmpfs none /tmp",
        "umount /proc",
        "unshare --user --map-root-user true",
        "unshare --mount true",
        "hostname elsewhere",
        "mknod /tmp/disk b 254 0",
        "chroot / true",
        "sh -c 'echo 1 > /proc/sys/vm/drop_caches'",
        "sh -c 'echo h > /proc/sysrq-trigger'",
        "sh -c 'echo -1000 > /proc/self/oom_score_adj'",
        "sh -c 'head -c1 /proc/kcore | grep -q .'",
        "dmesg",
    ],
)
async def test_a_job_cannot(config: RunnerConfig, command: str, user: str) -> None:
    """No write outside its own folders, no mount, no namespace, no device, no kernel setting."""
    async with JobRunner(dataclasses.replace(config, job_user=user)) as runner:
        job, output = await run(runner, "sh", "-c", f"PATH=$PATH:/sbin:/usr/sbin; {command}")

    assert job.exit_code not in {0, 127}, output


async def test_a_job_cannot_signal_or_trace_the_outside(runner: JobRunner) -> None:
    """The host's processes have no number in the job, and its init cannot be hurt from inside."""
    program = (
        "import ctypes, os, signal\n"
        "for pid in (%d, %d):\n"
        "    try: os.kill(pid, 0); print('reached', pid)\n"
        "    except ProcessLookupError: pass\n"
        "os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGTERM)\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.ptrace(16, 1, 0, 0), ctypes.get_errno())\n"
    )

    job, output = await python(runner, program % (os.getpid(), os.getppid()))

    assert job.status is JobStatus.COMPLETED
    assert output == b"-1 1\n"


async def test_only_the_standard_streams_are_open(runner: JobRunner) -> None:
    """No fd of the daemon, the shim or init reaches the command."""
    _, output = await run(runner, "sh", "-c", "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0")

    assert output == b"0 1 2 3 /dev/null\n"  # 3 is ls's own


async def test_the_devices_are_the_harmless_ones(runner: JobRunner) -> None:
    """Enough for programs, nothing that reaches hardware."""
    _, output = await run(runner, "ls", "/dev")

    harmless = "null zero full random urandom tty fd stdin stdout stderr ptmx pts shm"
    assert sorted(output.decode().split()) == sorted(harmless.split())


async def test_jobs_cannot_see_each_other(runner: JobRunner) -> None:
    """Neither processes nor files nor System V shared memory."""
    other = await runner.start(JobSpec("sh", ("-c", "ipcmk -M 4096 >/dev/null; echo x > /tmp/x; sleep 60")))
    _, output = await run(runner, "sh", "-c", "ls -A /tmp /dev/shm; ipcs -m | grep -c 0x; pgrep sleep; true")

    assert output == b"/dev/shm:\n\n/tmp:\n0\n"
    await runner.stop(other.id)
