"""The private root: what is there, what is not, and what can be written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.shim import NOBODY, Start, system_root

pytestmark = pytest.mark.isolation


def test_top_of_the_root(run: Start) -> None:
    """At the top there is what was asked for, and the four folders of every job, and nothing else."""
    asked = {os.path.basename(path) for path in system_root() if path.startswith("/")}

    assert set(run("ls", "-A", "/").log.decode().split()) == asked | {"proc", "dev", "tmp", "work"}


def test_every_mount(run: Start) -> None:
    """Only /proc, /tmp, /dev/shm, /dev/pts and /work can be written; no mount honours set-user-ID."""
    mounts = [line.split() for line in run("cat", "/proc/self/mountinfo").log.decode().splitlines()]
    flags = {mount[4]: set(mount[5].split(",")) for mount in mounts}

    assert {path for path in flags if "rw" in flags[path]} == {
        "/proc",
        "/tmp",
        "/dev/shm",
        "/dev/pts",
        "/work",
    }
    assert all("nosuid" in flag for flag in flags.values())
    assert {path for path in flags if "nodev" not in flags[path]} == {"/", "/dev/pts"}
    assert {path for path in flags if path.startswith("/proc") and "noexec" not in flags[path]} == set()
    assert {"/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs"} <= flags.keys()


def test_devices(run: Start) -> None:
    """/dev has the harmless devices and the usual links, and they work."""
    script = """
        cd /dev; ls -A | tr '\\n' ' '; echo
        echo x > null; head -c 3 zero | od -An -tx1; head -c 9 random | wc -c; head -c 9 urandom | wc -c
        head -c 1 zero 2>&1 > full; readlink fd stdin stdout stderr ptmx
        stat -c '%A %t,%T' null zero full random urandom tty
    """
    lines = run("sh", "-c", script).log.decode().splitlines()

    names = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert " ".join(sorted(lines[0].split())) == names
    assert lines[1].split() == ["00"] * 3
    assert lines[2:4] == ["9", "9"]
    assert "No space left" in lines[4]
    assert lines[5:10] == [
        "/proc/self/fd",
        "/proc/self/fd/0",
        "/proc/self/fd/1",
        "/proc/self/fd/2",
        "pts/ptmx",
    ]
    assert lines[10:] == [f"crw-rw-rw- {number}" for number in ("1,3", "1,5", "1,7", "1,8", "1,9", "5,0")]


def test_terminals_work(run: Start) -> None:
    """A program that wants a terminal can have one of the job's own."""
    job = run("script", "-qec", "tty; stty size", "/dev/null")

    assert job.log.startswith(b"/dev/pts/0")
    assert job.record.wait_status == 0


def test_work_and_tmp_can_be_written(run: Start) -> None:
    """/work is the job's own folder; /tmp and /dev/shm are empty, private and gone afterwards."""
    job = run(
        "sh",
        "-c",
        "ls -A /tmp /dev/shm; echo 1 > /work/a; echo 2 > /tmp/joblet-b; echo 3 > /dev/shm/joblet-c",
    )

    assert job.log == b"/dev/shm:\n\n/tmp:\n"
    assert (job.work / "a").read_text() == "1\n"
    assert (job.work / "a").stat().st_uid == NOBODY
    assert not os.path.exists("/tmp/joblet-b")
    assert not os.path.exists("/dev/shm/joblet-c")


def test_size_of_tmp(run: Start) -> None:
    """/tmp and /dev/shm have the size given, each."""
    script = "stat -f -c '%b %S' /tmp /dev/shm; head -c 2000000 /dev/zero > /tmp/x"
    job = run("sh", "-c", script, options=["--tmp-bytes", "1048576"])

    sizes = [line.split() for line in job.log.decode().splitlines()[:2]]
    assert [int(blocks) * int(size) for blocks, size in sizes] == [1048576] * 2
    assert b"No space left" in job.log


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Some files of the host."""
    folder = tmp_path / "host"
    (folder / "open" / "inner").mkdir(parents=True)
    (folder / "secret").mkdir()
    (folder / "open" / "file").write_text("visible\n")
    (folder / "open" / "inner" / "deep").write_text("deep\n")
    (folder / "secret" / "key").write_text("hidden\n")
    return folder


def look(run: Start, script: str, *options: str, uid: int = 0) -> str:
    """Return what a script prints in a root with these options."""
    return run("sh", "-c", script, root=[*system_root(), *options], uid=uid).log.decode()


def test_bind_of_a_folder(run: Start, host: Path) -> None:
    """A folder is at its own path, its parents are made, and it cannot be written, nor remounted to be."""
    script = f"cat {host}/open/inner/deep; ls -A {host}; touch {host}/open/x; mount -o remount,rw {host}/open"

    shown = look(run, script, "--ro-bind", f"{host}/open")

    assert shown.startswith("deep\nopen\n")
    assert "Read-only file system" in shown
    assert sorted(os.listdir(host / "open")) == ["file", "inner"]


def test_bind_of_a_file(run: Start, host: Path) -> None:
    """A single file can be shown without its folder."""
    shown = look(run, f"ls -A {host}/open; cat {host}/open/file", "--ro-bind", f"{host}/open/file")

    assert shown == "file\nvisible\n"


def test_bind_below_a_bind(run: Start, host: Path) -> None:
    """A path below an earlier bind finds its mount point there already, folder or file."""
    options = ["--ro-bind", str(host), "--ro-bind", f"{host}/open/inner", "--ro-bind", f"{host}/open/file"]

    assert look(run, f"cat {host}/open/inner/deep {host}/open/file", *options) == "deep\nvisible\n"


def test_bind_of_what_is_not_there(run: Start) -> None:
    """A bind of a path that the host lacks fails the start."""
    job = run("true", root=["--ro-bind", "/no/such/folder"])

    assert job.record.facts["error"] == "mount 2"


@pytest.fixture
def mounted_below(host: Path) -> Iterator[Path]:
    """A file system of the host's below one of its folders, writable."""
    below = host / "open" / "inner"
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", below], check=True)
    (below / "mounted").touch()
    yield below
    subprocess.run(["umount", below], check=True)


def test_bind_is_recursive(run: Start, host: Path, mounted_below: Path) -> None:
    """What is mounted below a bound folder is seen, and is read-only as well."""
    shown = look(run, f"ls {mounted_below}; touch {mounted_below}/x", "--ro-bind", f"{host}/open")

    assert shown.startswith("mounted\n")
    assert "Read-only file system" in shown


def test_later_mounts_of_the_host_do_not_arrive(start: Start, host: Path) -> None:
    """What the host mounts below a bound folder while the job runs is not seen by it."""
    job = start(
        "sh", "-c", f"read go < go; ls -A {host}/secret", root=[*system_root(), "--ro-bind", str(host)], uid=0
    )
    job.fifo("go")
    job.wait_running()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", host / "secret"], check=True)
    try:
        (job.work / "go").write_text("go\n")
        job.wait()
    finally:
        subprocess.run(["umount", host / "secret"], check=True)

    assert job.log == b"key\n"


@pytest.mark.parametrize("place", ["before the bind", "after the bind"])
def test_hide(run: Start, host: Path, place: str) -> None:
    """Hidden folders and files are there, empty, and cannot be written, wherever the option stands."""
    hide = ["--hide", f"{host}/secret", "--hide", f"{host}/open/file", "--hide", f"{host}/nothing"]
    bind = ["--ro-bind", str(host)]
    script = f"""
        ls -A {host} {host}/secret; cat {host}/open/file
        touch {host}/secret/x; echo x > {host}/open/file
        rmdir {host}/secret; umount {host}/secret; cat {host}/secret/key
    """
    shown = look(run, script, *(hide + bind if place == "before the bind" else bind + hide))

    assert shown.startswith(f"{host}:\nopen\nsecret\n\n{host}/secret:\n")
    assert shown.count("Read-only file system") == 2
    assert "hidden" not in shown
    assert "visible" not in shown


def test_hide_behind_a_link(run: Start, host: Path) -> None:
    """A path that is a link in the job's root hides what it leads to there, under both names."""
    (host / "link").symlink_to(host / "secret")
    shown = look(run, f"ls -A {host}/secret {host}/link/", "--ro-bind", str(host), "--hide", f"{host}/link")

    assert shown == f"{host}/link/:\n\n{host}/secret:\n"


def test_links_cannot_lead_set_up_out_of_the_root(run: Start, host: Path) -> None:
    """A link in the job's root to a path of the host leads nowhere: nothing is made through it."""
    options = ["--symlink", f"{host}/secret", "/escape", "--ro-bind", "/escape/made"]

    job = run("true", root=[*system_root(), *options])

    assert job.record.facts["cause"] == "start-failed"
    assert os.listdir(host / "secret") == ["key"]


def test_symlink(run: Start) -> None:
    """A link has the target given, and its parents are made."""
    assert look(run, "readlink /a/b/link", "--symlink", "../../usr", "/a/b/link") == "../../usr\n"


@pytest.mark.parametrize("uid", [NOBODY, 0])
def test_kernel_files(run: Start, uid: int) -> None:
    """The kernel's settings can be read and not written; what tells too much is empty."""
    script = """
        cat /proc/sys/kernel/ostype
        echo x > /proc/sys/kernel/hostname
        cat /proc/keys /proc/timer_list | wc -c
    """

    lines = run("sh", "-c", script, uid=uid).log.decode().splitlines()

    assert lines[0] == "Linux"
    assert "hostname: " in lines[1]
    assert lines[2] == "0"


def test_host_is_untouched(run: Start) -> None:
    """A job leaves the host's mounts exactly as they were."""
    before = Path("/proc/self/mountinfo").read_text()
    run("true")

    assert Path("/proc/self/mountinfo").read_text() == before
