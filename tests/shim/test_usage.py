"""Wrong usage: one line that says what was wrong, exit 2, and no file touched."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.shim import SHIM, make_folder

REQUIRED = ["--dir-fd", "3", "--lock-fd", "4", "--status-fd", "5", "--uid", "1", "--gid", "1"]
COMMAND = ["--", "true"]

WRONG = {
    "no command": ([*REQUIRED], "expected -- and a command"),
    "an empty command": ([*REQUIRED, "--"], "expected -- and a command"),
    "nothing at all": ([], "--dir-fd is required"),
    "one required option missing": ([*REQUIRED[:-2], *COMMAND], "--gid is required"),
    "an unknown option": ([*REQUIRED, "--frob", "1", *COMMAND], "--frob: unknown"),
    "an abbreviation": ([*REQUIRED, "--host", "x", *COMMAND], "--host: unknown"),
    "a word that is no option": ([*REQUIRED, "true"], "expected an option or --, got 'true'"),
    "an option without its value": (
        [*REQUIRED, "--hostname"],
        "--hostname: unknown, or its value is missing",
    ),
    "half a link": ([*REQUIRED, "--symlink", "/x"], "--symlink: unknown, or a value is missing"),
    "an option given twice": ([*REQUIRED, "--uid", "2", *COMMAND], "--uid: given twice"),
    "a relative bind": (
        [*REQUIRED, "--ro-bind", "usr", *COMMAND],
        "expected an absolute path below /, got 'usr'",
    ),
    "the root itself": ([*REQUIRED, "--hide", "//", *COMMAND], "expected an absolute path below /, got '//'"),
    "a relative counter": ([*REQUIRED, "--counter", "x", *COMMAND], "--counter: expected an absolute path"),
    "a counter of two lines": (
        [*REQUIRED, "--counter", "/x\nend", *COMMAND],
        "--counter: expected an absolute path",
    ),
    "too many binds": ([*REQUIRED, *(["--ro-bind", "/usr"] * 65), *COMMAND], "more than 64"),
    "too many counters": ([*REQUIRED, *(["--counter", "/x"] * 17), *COMMAND], "more than 16"),
    "a terminal of unknown width": (
        [*REQUIRED, "--input-fd", "6", "--terminal-rows", "24", *COMMAND],
        "expected --terminal-rows and --terminal-columns together, and --input-fd with them",
    ),
    "a terminal without input": (
        [*REQUIRED, "--terminal-rows", "24", "--terminal-columns", "80", *COMMAND],
        "expected --terminal-rows and --terminal-columns together, and --input-fd with them",
    ),
    "too many joins": ([*REQUIRED, *(["--join-fd", "7"] * 17), *COMMAND], "more than 16"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_usage(tmp_path: Path, what: str) -> None:
    """What is wrong is refused with its name, on stderr, before anything is touched."""
    words, message = WRONG[what]
    check_refused(tmp_path, words, message)


@pytest.mark.parametrize("number", ["", " 1", "+1", "-1", "1 ", "0x10", "1e3", "1.5", "one", "1\n"])
@pytest.mark.parametrize("option", ["--timeout-ms", "--join-fd"])
def test_number_that_is_none(tmp_path: Path, option: str, number: str) -> None:
    """A number is decimal digits and nothing else."""
    check_refused(
        tmp_path,
        [*REQUIRED, option, number, *COMMAND],
        f"{option}: expected a decimal number, got '{number}'",
    )


@pytest.mark.parametrize(
    ("option", "number"),
    [
        ("--timeout-ms", "1000000000001"),
        ("--grace-ms", "18446744073709551616"),
        ("--log-max-bytes", "9223372036854775808"),
        ("--tmp-bytes", "99999999999999999999999"),
        ("--join-fd", "2147483648"),
        ("--cgroup-fd", "4294967296"),
        ("--terminal-rows", "65536"),
    ],
)
def test_number_that_is_too_large(tmp_path: Path, option: str, number: str) -> None:
    """A number that would overflow somewhere is refused, not wrapped around."""
    check_refused(tmp_path, [*REQUIRED, option, number, *COMMAND], f"{option}: expected at most")


def test_user_that_means_no_change(tmp_path: Path) -> None:
    """The user 4294967295 is not a user: setresuid(2) takes it for "leave it as it is", and that is root."""
    words = [*REQUIRED[:-4], "--uid", "4294967295", "--gid", "1", *COMMAND]
    check_refused(tmp_path, words, "--uid: expected at most 4294967294")


def check_refused(tmp_path: Path, words: list[str], message: str) -> None:
    """Call the shim as described, with good fds, and check that it refuses."""
    folder = make_folder(tmp_path / "job")
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        ended = subprocess.run([SHIM, *words], capture_output=True, text=True, check=False, pass_fds=[fd])
    finally:
        os.close(fd)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"joblet-shim: {message}")
    assert os.listdir(folder) == ["work"]


def test_fds_that_are_not_open() -> None:
    """Fds that nobody opened give exit 1 and the errno's text: there is nowhere to write a record to."""
    words = ["--dir-fd", "300", "--lock-fd", "301", "--status-fd", "302", "--uid", "1", "--gid", "1"]
    ended = subprocess.run([SHIM, *words, *COMMAND], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == "joblet-shim: cannot lock the job's directory: Bad file descriptor\n"
