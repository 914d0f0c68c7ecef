"""`make demo`: a throw-away authority, a server, real jobs; then nothing is left.

Prints each command as a person would type it, and its real output. Exits
non-zero when anything that it shows did not happen.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from joblet.testing import daemon

BIN = Path(sys.executable).parent
COUNTS = 'for i in 1 2 3 4 5; do echo "step $i of 5"; sleep 0.5; done'
HOG = "x = [b'taking all the memory there is']\nwhile True: x.append(bytes(1 << 20))"


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def expect(what: str, *, holds: bool) -> None:
    """End the demo if something did not happen."""
    if not holds:
        sys.exit(f"demo: this did not happen: {what}")


class Demo:
    """A folder with certificates and configuration, and `rnx` on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "RNX_CONFIG": str(folder / "rnx-config.yml")}

    def joblet(self, *words: str) -> None:
        """Run a command of the host, its output shown."""
        print(f"$ joblet {' '.join(words)}", flush=True)
        subprocess.run([BIN / "joblet", *words], check=True)

    def rnx(self, *words: str) -> str:
        """Run a command of the client; show and return its output, line by line as it comes."""
        print(f"$ rnx {shlex.join(words)}", flush=True)
        with subprocess.Popen(
            [BIN / "rnx", *words], env=self._environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            output = ""
            for line in process.stdout:
                print(line, end="", flush=True)
                output += line
        expect(f"rnx {words[0]} succeeds", holds=process.returncode == 0)
        return output

    @contextlib.contextmanager
    def server(self) -> Iterator[None]:
        """Run `joblet serve` until the block ends; its log goes to a file."""
        config_path = self._folder / "joblet-config.yml"
        print(f"$ joblet serve --config {config_path} &", flush=True)
        with daemon.ready_socket(self._folder) as ready:
            process = daemon.start(self._folder, config_path)
            try:
                daemon.wait_ready(process, ready, self._folder)
                yield
            finally:
                daemon.stop(process)
        log = daemon.log_path(self._folder).read_text()
        expect(f"the server ends in order:\n{log}", holds=process.returncode == 0)


def stream(demo: Demo) -> None:
    """Show a job with limits, whose output comes while it runs."""
    say("A job with limits; its output streams live")
    demo.rnx("run", "--max-cpu=50", "--max-memory=128", "bash", "-c", COUNTS)
    begin = time.monotonic()
    output = demo.rnx("log", "-f", "1")
    expect("the whole output arrives", holds=output.endswith("step 5 of 5\n") and output.count("step") == 5)
    expect("it is followed live, not read afterwards", holds=time.monotonic() - begin > 0.5)
    expect("the job completes", holds="Status: COMPLETED" in demo.rnx("status", "1"))


def stop(demo: Demo) -> None:
    """Show a job that is stopped."""
    say("A job that is stopped")
    demo.rnx("run", "sleep", "600")
    expect("the job is stopped", holds="Status: STOPPED" in demo.rnx("stop", "2"))


def exceed(demo: Demo) -> None:
    """Show a job that is killed for its memory."""
    say("A job that exceeds its memory")
    demo.rnx("run", "--max-memory=64", "/usr/bin/python3", "-c", HOG)
    demo.rnx("log", "3")
    status = demo.rnx("status", "3")
    expect("the kernel kills it for its memory", holds="Status: FAILED" in status and "oom" in status)


def look_around(demo: Demo) -> None:
    """Show what a job can see of the host."""
    say("What a job sees: itself")
    demo.rnx("run", "sh", "-c", "id -un; hostname; pwd; ps -e -o pid,comm")
    output = demo.rnx("log", "4")
    expect("the job is nobody, alone, in /work", holds=output.startswith("nobody\njob-4\n/work\n"))


def cgroups_left() -> list[Path]:
    """Return the cgroups of jobs that exist on this host."""
    return [path for path in Path("/sys/fs/cgroup").glob("**/joblet.slice/job-*") if path.is_dir()]


def main() -> None:
    """Run the whole demo in a folder of its own, and remove it."""
    begin = time.monotonic()
    before = cgroups_left()
    folder = Path(tempfile.mkdtemp(prefix="joblet-demo-"))
    try:
        demo = Demo(folder)
        say("An authority, certificates and configuration")
        demo.joblet("init", "--dir", str(folder), "--address", f"127.0.0.1:{free_port()}")
        say("A server, and jobs over mutual TLS")
        with demo.server():
            stream(demo)
            stop(demo)
            exceed(demo)
            look_around(demo)
            say("All of them")
            listed = demo.rnx("list")
        expect("all four are listed", holds=[line.split()[1] for line in listed.splitlines()]
               == ["COMPLETED", "STOPPED", "FAILED", "COMPLETED"])  # fmt: skip
    finally:
        shutil.rmtree(folder)
    expect("nothing is left", holds=cgroups_left() == before)
    say(f"Done in {time.monotonic() - begin:.1f} s; the server is stopped and nothing is left.")


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
