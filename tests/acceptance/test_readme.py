"""Every example of the README and of docs/ is run, as it stands, in the order of its page.

An example that is not comes after a comment that says why not:
`<!-- not run: reason -->`.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from joblet import find_node, sync
from joblet.testing import daemon as daemons

pytestmark = pytest.mark.isolation

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- not run: [^\n]+ -->\n)?^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"(rnx|job-worker|joblet cert) ")
TEXTS = {path: (ROOT / path).read_text() for path in ["README.md", *map(str, (ROOT / "docs").rglob("*.md"))]}
PAGES = sorted(os.path.relpath(ROOT / path, ROOT) for path, text in TEXTS.items() if BLOCK.search(text))
"""The pages with examples."""

SCRIPTS = sysconfig.get_path("scripts")


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a page."""

    language: str
    text: str


def examples(page: str) -> list[Example]:
    """Return what is to be run of a page, in its order."""
    found = BLOCK.findall((ROOT / page).read_text())
    return [Example(language, text) for reason, language, text in found if not reason]


def run(example: Example, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    """Run an example in the folder of `joblet init`, as a person would who is there."""
    if example.language == "sh":
        command = ["sh", "-e", "-c", example.text]
    else:
        command = [sys.executable, "-c", f"ADDRESS = {address!r}\n{example.text}"]
    environment = {"PATH": f"{SCRIPTS}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def address() -> str:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def folder(tmp_path: Path, address: str) -> Iterator[Path]:
    """Where `joblet init` has been, with the server running."""
    made = tmp_path / "joblet"
    joblet = Path(SCRIPTS, "joblet")
    subprocess.run([joblet, "init", "--dir", made, "--address", address], check=True, capture_output=True)
    with daemons.ready_socket(tmp_path) as ready:
        process = daemons.start(tmp_path, made / "joblet-config.yml")
        try:
            daemons.wait_ready(process, ready, tmp_path)
            yield made
            stop_jobs(made)
        finally:
            daemons.stop(process)


def stop_jobs(folder: Path) -> None:
    """Stop what a failed example has left running."""
    with sync.Client(find_node(config=folder / "rnx-config.yml")) as client:
        for job in client.list():
            if not job.status.is_terminal:
                client.stop(job.id)


@pytest.mark.parametrize("page", PAGES)
def test_every_example_runs(page: str, folder: Path, address: str) -> None:
    """Each example succeeds; all of a page share a server and a folder."""
    for example in examples(page):
        assert example.language == "python" or OURS.match(example.text), f"not to be run: {example.text}"
        done = run(example, folder, address)
        assert done.returncode == 0, f"{example.text}\n{done.stdout}\n{done.stderr}"


def test_both_programs_of_the_readme_print_the_same(folder: Path, address: str) -> None:
    """The program with JobRunner and the same with Client differ in two lines, and in nothing they print."""
    local, remote = [example for example in examples("README.md") if "async def main" in example.text]

    outputs = [run(example, folder, address).stdout for example in (local, remote)]

    assert outputs == ["1\n2\n3\nCOMPLETED\n"] * 2
    bodies = [set(each.text.partition("async def main")[2].splitlines()) for each in (local, remote)]
    assert len(bodies[0] ^ bodies[1]) == 2


@pytest.mark.parametrize("page", PAGES)
def test_only_our_programs_are_run(page: str) -> None:
    """An example for the shell that changes the host (pip, systemctl) must say why it is not run."""
    lines = [line for each in examples(page) if each.language == "sh" for line in each.text.splitlines()]

    assert [line for line in lines if line and not OURS.match(line)] == []
