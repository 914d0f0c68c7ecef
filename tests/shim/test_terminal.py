"""A job's terminal is one to the job, and all that it shows is in the log."""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable

import pytest

from support.feeder import Feeder
from support.shim import NOBODY, ShimRun

pytestmark = pytest.mark.isolation

StartFed = Callable[..., ShimRun]
SIZE = (33, 77)


def test_all_three_are_one_terminal(start_fed: StartFed) -> None:
    """It has a name, a size, an owner, and is the controlling terminal, with the command in front."""
    script = (
        "tty; stty size; stat -c '%n %u %a' /dev/pts/0; test -t 1 && test -t 2 && echo all; "
        "echo to > /dev/tty; ps -o tty=,tpgid=,pgid= -p $$; stty -a | grep -o ' iutf8'"
    )
    job = start_fed("sh", "-c", script, terminal=SIZE)

    assert job.wait() == 0
    lines = job.log.decode().split("\r\n")
    assert lines[:5] == ["/dev/pts/0", "33 77", f"/dev/pts/0 {NOBODY} 620", "all", "to"]
    assert lines[5].split() == ["pts/0", "2", "2"]
    assert lines[6] == " iutf8"


def test_keys_are_echoed_and_read(start_fed: StartFed) -> None:
    """A line comes to the command when Enter is pressed; what was typed is shown."""
    job = start_fed("sh", "-c", "read line; echo got $line", terminal=SIZE)
    with Feeder(job.folder) as feeder:
        feeder.progress()
        feeder.content(0, b"ab\x7fc\r")

        assert job.wait() == 0
    assert job.log == b"ab\b \bc\r\ngot ac\r\n"


def test_ctrl_c(start_fed: StartFed) -> None:
    """A key that is a signal is one."""
    job = start_fed("sleep", "600", terminal=SIZE)
    with Feeder(job.folder) as feeder:
        job.wait_running()
        feeder.content(0, b"\x03")

        assert job.wait() == 0
    assert job.record.wait_status == signal.SIGINT
    assert job.log == b"^C"


def test_the_end_is_ctrl_d(start_fed: StartFed) -> None:
    """An end of file ends a command that reads to it; after it nothing is taken."""
    job = start_fed("sh", "-c", "cat; read go < go", terminal=SIZE)
    job.fifo("go")
    with Feeder(job.folder) as feeder:
        feeder.feed(b"x\n")
        feeder.content(2, b"y\n")
        assert feeder.progress().taken == 2
        (job.work / "go").write_text("go\n")

        assert job.wait() == 0
    assert job.log == b"x\r\nx\r\n"


def test_a_new_size_is_told(start_fed: StartFed) -> None:
    """The job hears of it by SIGWINCH, and finds it; before and after the end of the input."""
    program = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])\n"
        "print('ready', flush=True); open('ready', 'w').write('\\n')\n"
        "for _ in range(2):\n"
        "    signal.sigwait([signal.SIGWINCH])\n"
        "    print(*os.get_terminal_size(), flush=True); open('resized', 'w').write('\\n')\n"
    )
    job = start_fed("/usr/bin/python3", "-c", program, terminal=SIZE)
    job.fifo("ready")
    job.fifo("resized")
    with Feeder(job.folder) as feeder:
        job.wait_line("ready")
        feeder.size(10, 20)
        job.wait_line("resized")
        feeder.end(0)
        feeder.wait_closed()
        feeder.size(65535, 1)
        job.wait_line("resized")

    assert job.wait() == 0
    assert job.log == b"ready\r\n20 10\r\n1 65535\r\n"


@pytest.mark.slow
def test_the_last_byte_a_thousand_times(start_fed: StartFed) -> None:
    """What is written right before the end is in the log, each time."""
    for number in range(1000):
        job = start_fed("printf", "x" * (1 + 7 * (number % 500)), terminal=SIZE)
        assert job.wait() == 0
        assert (job.record.wait_status, job.record.facts["dropped-bytes"]) == (0, "0"), number
        assert job.log == b"x" * (1 + 7 * (number % 500)), number


def test_much_output(start_fed: StartFed) -> None:
    """Five megabytes, all kinds of bytes, come through a terminal in raw mode as they are."""
    script = "stty raw -echo; for i in 1 2 3 4 5; do head -c 1000000 /usr/bin/python3; done"
    job = start_fed("sh", "-c", script, terminal=SIZE)

    assert job.wait() == 0
    with open("/usr/bin/python3", "rb") as python:
        assert job.log == python.read(1_000_000) * 5


def test_a_terminal_that_nobody_has_open(start_fed: StartFed) -> None:
    """A job may close its terminal and open it again: that is not the end of its output."""
    script = (
        "echo one; exec < /dev/null > /dev/null 2>&1; "
        "sleep 0.2; echo two > /dev/tty; sleep 0.1; echo three > /dev/tty"
    )
    job = start_fed("sh", "-c", script, terminal=SIZE)

    assert job.wait() == 0
    assert job.log == b"one\r\ntwo\r\nthree\r\n"


def test_the_job_ends_with_its_command(start_fed: StartFed) -> None:
    """A child that has the terminal open does not keep the job."""
    job = start_fed("sh", "-c", "(trap '' HUP; sleep 600) & echo out", terminal=SIZE)

    assert job.wait() == 0
    assert job.log == b"out\r\n"


def test_typing_for_others_is_refused(start_fed: StartFed) -> None:
    """TIOCSTI, by which a program could type for the one that comes after it, is EPERM."""
    program = (
        "import fcntl, termios\n"
        "try: fcntl.ioctl(0, termios.TIOCSTI, b'x')\n"
        "except PermissionError: print('refused')"
    )
    job = start_fed("/usr/bin/python3", "-c", program, terminal=SIZE)

    assert job.wait() == 0
    assert job.log == b"refused\r\n"


def test_a_terminal_of_the_job_s_own(start_fed: StartFed) -> None:
    """A job can make more terminals."""
    program = "import os, pty; print(os.ttyname(pty.openpty()[1]))"
    job = start_fed("/usr/bin/python3", "-c", program, terminal=SIZE)

    assert job.wait() == 0
    assert job.log == b"/dev/pts/1\r\n"


def test_no_job_takes_all_terminals(start_fed: StartFed) -> None:
    """A job has 64 terminals at most: the host has some thousand, and other jobs need theirs."""
    program = (
        "import os\n"
        "try:\n"
        "    while True: last = os.openpty()\n"
        "except OSError as error: print(os.ttyname(last[1]), error.strerror)"
    )
    job = start_fed("/usr/bin/python3", "-c", program, terminal=SIZE)

    assert job.wait() == 0
    assert job.log == b"/dev/pts/63 No space left on device\r\n"


def test_a_command_that_is_not_there(start_fed: StartFed) -> None:
    """It is said in the log, as without a terminal."""
    job = start_fed("no-such-command", terminal=SIZE)

    assert job.wait() == 0
    assert job.log == b"joblet: cannot run no-such-command: No such file or directory\n"
    assert job.record.facts["error"] == "exec 2"


def test_a_stranger_with_the_terminal(start_fed: StartFed) -> None:
    """A process outside that was handed the terminal, and writes without an end, cannot keep the shim."""
    name = f"joblet-test-{os.getpid()}"
    script = (
        "import array, socket; s = socket.socket(socket.AF_UNIX); "
        f"s.connect('\\0{name}'); "
        "s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))]); s.recv(1)"
    )
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        job = start_fed("/usr/bin/python3", "-c", script, terminal=SIZE)
        connection, _ = server.accept()
        with connection:
            _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
            (fd,) = array.array("i", ancillary[0][2])
            writer = threading.Thread(target=write_without_end, args=(fd,))
            writer.start()
            connection.send(b"x")
            assert job.wait() == 0
            writer.join()
    assert job.record.wait_status == 0


def write_without_end(fd: int) -> None:
    """Write until the terminal is gone."""
    with contextlib.suppress(OSError):  # EIO: its other end is closed
        while True:
            os.write(fd, b"stranger\n")
    os.close(fd)
