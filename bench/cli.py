"""How long `rnx list` takes beside what nothing in Python can do without that calls a server: `import ssl`.

And beside the full program, which the quick way to `rnx list` goes past. All are whole processes, started in
turn, on a warm machine; medians. Run as root: `python bench/cli.py`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from joblet.admin.cert import Credential
from joblet.admin.template import rnx_config
from joblet.testing.daemon import Daemon, running_daemon

ROUNDS = 60
JOBS = 10
TARGET = 2.5
RNX = Path(sysconfig.get_path("scripts"), "rnx")
FULL = "from joblet.cli.main import main; main()"
COMMANDS: dict[str, Sequence[str | Path]] = {
    'python3 -c "import ssl"': [sys.executable, "-c", "import ssl"],
    "rnx list": [RNX, "list"],
    "rnx status 1": [RNX, "status", "1"],
    "rnx list, the full program": [sys.executable, "-c", FULL, "list"],
}


def time_process(words: Sequence[str | Path]) -> float:
    """Return the seconds that a program takes from start to end."""
    started_at = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started_at


def write_config(daemon: Daemon, folder: Path) -> None:
    """Have `rnx` in this folder call the daemon."""
    node = daemon.node()
    credential = Credential(cert=node.tls.cert, key=node.tls.key)
    (folder / "rnx-config.yml").write_text(rnx_config(node.address, node.tls.ca, {"default": credential}))


def main(rounds: int = ROUNDS) -> None:
    """Print the table."""
    with (
        tempfile.TemporaryDirectory(prefix="joblet-bench-") as folder,
        running_daemon(Path(folder)) as daemon,
    ):
        write_config(daemon, Path(folder))
        os.chdir(folder)
        for _ in range(JOBS):
            time_process([RNX, "run", "--wait", "true"])
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(rounds):
            for name, words in COMMANDS.items():
                times[name].append(time_process(words))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    first = next(iter(medians.values()))
    print(f"{'a whole process, ms':<28} {'median':>7} {'/ ssl':>6}")
    for name, median in medians.items():
        print(f"{name:<28} {median * 1000:>7.1f} {median / first:>6.2f}")
    print(f"rnx list / import ssl: {medians['rnx list'] / first:.2f} (at most {TARGET:.2f})")


if __name__ == "__main__":
    main()
