"""What the command finds: its process, its environment, its privileges, none of the host's."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from support.shim import NOBODY, NewRun, Start

pytestmark = pytest.mark.isolation


def status_of(text: bytes) -> dict[str, str]:
    """Return the fields of a /proc/PID/status."""
    return {
        name: value.strip() for name, _, value in (line.partition(":") for line in text.decode().splitlines())
    }


@pytest.mark.parametrize("uid", [NOBODY, 1000, 0])
def test_privileges(run: Start, uid: int) -> None:
    """The user is the one given and no capability is left in any set, not even for user 0."""
    status = status_of(run("cat", "/proc/self/status", uid=uid, options=[]).log)

    assert status["Uid"].split() == [str(uid)] * 4
    assert status["Gid"].split() == [str(uid)] * 4
    assert status["Groups"] == ""
    assert {status[f"Cap{name}"] for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_signals(run: Start) -> None:
    """Nothing is blocked, ignored or caught, though Python had spawned the shim with SIGPIPE ignored."""
    status = status_of(run("cat", "/proc/self/status").log)

    assert {status[name] for name in ("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd")} == {"0" * 16}


def test_environment_is_exact(run: Start) -> None:
    """The command has the environment given, to the byte, and nothing more."""
    environment = {"PATH": "/usr/bin:/bin", "EMPTY": "", "ODD": "a=b\n\u00e9"}

    log = run("cat", "/proc/self/environ", environment=environment).log

    assert log == b"".join(f"{name}={value}\0".encode() for name, value in environment.items())


def test_arguments_are_exact(run: Start) -> None:
    """Arguments arrive as they are, those that look like options and empty ones included."""
    log = run("printf", "<%s>", "", "--uid", "--", "a b\n").log

    assert log == b"<><--uid><--><a b\n>"


def test_file_descriptors(run: Start, tmp_path: Path) -> None:
    """The command has stdin, stdout and stderr, whatever else the shim had."""
    script = """
import contextlib, os
for fd in sorted(os.listdir("/proc/self/fd"), key=int):
    with contextlib.suppress(FileNotFoundError):  # the one of listdir itself
        print(fd, os.readlink(f"/proc/self/fd/{fd}"))
"""
    with (tmp_path / "secret").open("w") as secret:
        job = run("/usr/bin/python3", "-c", script, inherit=[secret.fileno()])

    null, out, err = job.log.decode().splitlines()
    assert null == "0 /dev/null"
    assert out.startswith("1 pipe:")
    assert err == out.replace("1 ", "2 ", 1)


@pytest.mark.parametrize("uid", [NOBODY, 0])
@pytest.mark.parametrize("is_link", [False, True])
def test_no_descriptor_of_init_is_a_way_out(new_run: NewRun, run: Start, uid: int, is_link: bool) -> None:
    """No folder of the host that init holds can become the working directory: `..` would lead to the host."""
    job = new_run()
    root_fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    path = f"/proc/self/fd/{root_fd}"
    try:
        (job.work / "link").symlink_to(path)
        run("ls", run=job, uid=uid, inherit=[root_fd], options=["--workdir", "link" if is_link else path])
    finally:
        os.close(root_fd)

    assert job.record.facts["error"] == f"workdir {errno.ELOOP}"
    assert "wait-status" not in job.record.facts


def test_process_group_session_and_folder(run: Start) -> None:
    """The command leads its own session and group, has no terminal, and starts in /work with umask 022."""
    log = run("sh", "-c", "cut -d' ' -f1,5,6,7 /proc/$$/stat; pwd; umask; echo $$").log.decode()

    stat, folder, umask, pid = log.splitlines()
    assert stat.split() == [pid, pid, pid, "0"]
    assert (folder, umask) == ("/work", "0022")


def test_it_sees_its_own_processes_only(run: Start) -> None:
    """The job sees its init and itself; init is as unprivileged, and tells nothing about the host."""
    job = run("sh", "-c", "echo /proc/[0-9]*; cat /proc/1/status; tr '\\0' '\\n' < /proc/1/cmdline; "
                          "ls /proc/1/fd /proc/1/root; cat /proc/1/environ /proc/1/mem")  # fmt: skip

    lines = job.log.decode().splitlines()
    assert lines[0].split()[0] == "/proc/1"
    assert len(lines[0].split()) == 2
    status = status_of(job.log)
    assert status["Uid"].split() == [str(NOBODY)] * 4
    assert {status[f"Cap{name}"] for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert job.log.count(b"Permission denied") == 4
    assert str(job.folder) not in job.log.decode()
    assert b"--dir-fd" not in job.log


@pytest.mark.parametrize("name", ["pid", "mnt", "ipc", "uts", "cgroup"])
def test_own_namespaces(run: Start, name: str) -> None:
    """The job has this namespace for itself."""
    assert run("readlink", f"/proc/self/ns/{name}").log.decode().strip() != os.readlink(
        f"/proc/self/ns/{name}"
    )


def test_host_network(run: Start) -> None:
    """The network is the host's."""
    assert run("readlink", "/proc/self/ns/net").log.decode().strip() == os.readlink("/proc/self/ns/net")


def test_own_hostname(run: Start) -> None:
    """The job has its own host name, and the host keeps its own."""
    before = os.uname().nodename

    assert run("hostname", options=["--hostname", "job-7"]).log == b"job-7\n"
    assert os.uname().nodename == before


def test_own_ipc(run: Start) -> None:
    """Shared memory of the host cannot be seen."""
    assert b"0x" not in run("ipcs", "-m").log


def test_oom_score(run: Start) -> None:
    """The job may be killed for memory like anybody else, though the daemon may not."""
    assert run("cat", "/proc/self/oom_score_adj").log == b"0\n"


def test_session_keyring_is_its_own(run: Start) -> None:
    """The daemon's session keyring is not the job's: of the keys it can see, none is the host's."""
    mine = Path("/proc/keys").read_text() if Path("/proc/keys").exists() else ""
    if not mine:
        pytest.skip("this kernel shows no keys")
    log = run("cat", "/proc/keys", uid=0).log

    assert log == b""


def test_running_again_and_again_as_an_ordinary_user(run: Start) -> None:
    """An ordinary user's quota of 200 keys is not used up by its jobs' keyrings."""
    for _ in range(3):
        assert run("true").record.wait_status == 0
    users = Path("/proc/key-users")
    if users.exists():
        assert not any(line.split(":")[0].strip() == str(NOBODY) for line in users.read_text().splitlines())


BARRED = {
    "mount": "mount -t tmpfs tmpfs /tmp",
    "unmount": "umount /proc",
    "remount": "mount -o remount,rw /",
    "user namespace": "unshare --user true",
    "mount namespace": "unshare --mount true",
    "enter a namespace": "nsenter --target 1 --mount true",
    "chroot": "chroot / true",
    "signal init": "kill -KILL 1; kill -0 1 && ! kill -0 $PPID",
    "host name": "hostname other",
    "make a device": "mknod /tmp/sda b 8 0",
    "read the kernel's log": "dmesg",
    "set the clock": "date -s 2020-01-01",
    "kernel settings": "echo x > /proc/sys/kernel/core_pattern",
    "system requests": "echo b > /proc/sysrq-trigger",
    "give a file away": "touch /tmp/f && chown 12345 /tmp/f",
    "write to the host": "touch /usr/joblet-test /etc/joblet-test",
    "write to the root": "touch /joblet-test",
    "read the host's disk": "ls /root || ls /home || ls /var || ls /sys || ls /boot",
}


@pytest.mark.parametrize("uid", [NOBODY, 0])
@pytest.mark.parametrize("what", BARRED)
def test_barred(run: Start, what: str, uid: int) -> None:
    """What only the host's administrator may do fails, for user 0 too."""
    if what == "signal init":
        job = run("sh", "-c", "kill -KILL 1; echo alive", uid=uid)
        assert job.log == b"alive\n"
        return
    job = run("sh", "-c", f"({BARRED[what]}) && echo 'this went through'", uid=uid)

    assert b"this went through" not in job.log
    assert job.record.wait_status != 0


def test_set_user_id_gains_nothing(run: Start) -> None:
    """A set-user-ID program runs as its caller."""
    found = next((path for path in ("/usr/bin/su", "/usr/bin/passwd") if os.path.exists(path)), None)
    if found is None or not os.stat(found).st_mode & 0o4000:
        pytest.skip("this host has no set-user-ID program")
    job = run("sh", "-c", "python3 -c 'import os; print(os.geteuid())' 2>/dev/null; mount | head -0; id -u")

    assert set(job.log.split()) == {str(NOBODY).encode()}


def test_cannot_signal_or_trace_the_host(run: Start) -> None:
    """The host's processes have no number in the job, so it cannot signal or trace them; nor trace init."""
    script = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def attach(pid):
    return libc.ptrace(16, pid, 0, 0), ctypes.get_errno()
print(attach(1), attach({os.getpid()}))
try:
    os.kill({os.getpid()}, 0)
except ProcessLookupError:
    print("no such process")
"""
    assert run("/usr/bin/python3", "-c", script).log == b"(-1, 1) (-1, 3)\nno such process\n"


X86_64_NUMBERS = {
    "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "open_tree": 428,
    "open_tree_attr": 467, "move_mount": 429, "mount_setattr": 442, "fsopen": 430, "fsconfig": 431,
    "fsmount": 432, "fspick": 433, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
    "open_by_handle_at": 304, "keyctl": 250, "add_key": 248, "request_key": 249, "kexec_load": 246,
    "kexec_file_load": 320, "init_module": 175, "finit_module": 313, "delete_module": 176,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
}  # fmt: skip


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_refused_system_calls(run: Start) -> None:
    """Each system call of the contract's list answers EPERM, which it would not without the filter."""
    script = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(a) for a in arguments))
    return ctypes.get_errno()
for name, number in {X86_64_NUMBERS}.items():
    print(name, call(number, 2**64 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1))
print("clone3", call(435, 0, 0))
print("clone", call(56, 0x10000000 | 17, 0, 0, 0, 0))
print("unshare", call(272, 0x10000000))
print("TIOCSTI", call(16, 0, 0x5412, 0))
print("TIOCSTI, upper half set", call(16, 0, 0x5412 | 1 << 32, 0))
print("TIOCSETD", call(16, 0, 0x5423, 0))
print("TIOCLINUX", call(16, 0, 0x541C, 0))
print("FIONREAD", call(16, 1, 0x541B, 0))
print("x32 getpid", call(0x40000000 | 39))
"""
    answers = dict(
        line.rsplit(" ", 1) for line in run("/usr/bin/python3", "-c", script).log.decode().splitlines()
    )

    assert {answers[name] for name in X86_64_NUMBERS} == {"1"}
    assert answers["clone3"] == "38"
    refused = ("clone", "unshare", "TIOCSTI", "TIOCSTI, upper half set", "TIOCSETD", "TIOCLINUX")
    assert {answers[name] for name in refused} == {"1"}
    assert answers["FIONREAD"] == "14"
    assert answers["x32 getpid"] == "1"


def test_threads_and_children(run: Start) -> None:
    """What programs do every day works: threads, children, pipes, sockets."""
    script = """
import concurrent.futures, multiprocessing, socket, subprocess
with concurrent.futures.ThreadPoolExecutor() as pool:
    print(sum(pool.map(len, ["a", "bb"])))
print(subprocess.run(["echo", "child"], capture_output=True, text=True).stdout.strip())
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(abs, [-1, -2]))
print(socket.socketpair()[0].family.name)
"""
    job = run("/usr/bin/python3", "-c", script)

    assert job.log == b"3\nchild\n[1, 2]\nAF_UNIX\n"


def test_core_pattern_of_the_host_is_untouched(run: Start) -> None:
    """A crash inside ends the job with its signal."""
    job = run("sh", "-c", "ulimit -c 0; kill -SEGV $$")

    assert job.record.wait_status is not None
    assert os.WTERMSIG(job.record.wait_status) == signal.SIGSEGV
