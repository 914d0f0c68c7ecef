"""Draws docs/pictures: what `rnx` looks like in a terminal (`make pictures`, as root).

Nothing is posed. A throw-away server runs real jobs, bash runs in a real
terminal, somebody types, and the screen is drawn. Only what is another each time
(times, pids, what was used) is written over, so that a picture changes
when what it shows has changed. Those of measurements (stats, monitor) are another each time.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pyte

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"
sys.path[:0] = [str(DOCS.parent), str(DOCS.parent / "tests")]  # for this folder and the tests', as a script

from docs.sources.screen import Cell, Rows, Style, svg  # noqa: E402

from joblet.testing.daemon import Daemon, running_daemon  # noqa: E402
from support.programs import Program, write_rnx_config  # noqa: E402
from support.terminal import CTRL_C, ENTER, TAB, Terminal, in_terminal  # noqa: E402

BASH = ("--norc", "--noprofile")
PS1 = r"\[\e]2;\#\a\e[1;32m\]$\[\e[0m\] "
"""A green prompt that, unseen, tells its number: as the title of the terminal (xterm's control sequences)."""

ALWAYS_ANOTHER: Mapping[re.Pattern[str], str] = {
    re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}Z"): "2024-01-15T10:30:00Z",
    re.compile(r"\w{3} +\d+ \d\d:\d\d(?= /work)"): "Jan 15 10:30",
    re.compile(r"(?<=Pid: )\d+"): "1204711",
    re.compile(r"\d+\.\d+(?= s(, at up|$))"): "0.021",
    re.compile(r"(?<=Peak Memory: )\d+"): "9437184",
    re.compile(r"\b\d+(?=s ago)"): "2",
    re.compile(r"(?<= ) *\d+ms\b"): "124ms",
    re.compile(r"(?<=Z  )\S+  up \S+"): "server.example.com  up 4h19m",
    re.compile(r"\d+(?=%  of)"): "42",
    re.compile(r"[\d.]+(?= ?MiB/s)"): "315.2",
    re.compile(r"[\d:.]+(?= left)"): "0:04",
}
"""What is written over it; it may be longer than what was there, and is put to the right if it is shorter."""


class Session:
    """Somebody at a shell in a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._prompt = ""

    async def run(self, line: str) -> None:
        """Type a line, and wait for the next prompt."""
        await self.begin(line)
        await self.wait_prompt()

    async def begin(self, line: str) -> None:
        """Type a line."""
        self.terminal.press(line + ENTER)

    async def wait_prompt(self) -> None:
        """Return once the shell waits for a line."""
        await self.terminal.wait_until(lambda: self.terminal.screen.title != self._prompt, "a prompt")
        self._prompt = self.terminal.screen.title

    async def ask_offers(self, keys: str) -> None:
        """Type part of a line, press Tab twice, and wait for the line to be repeated below what there is."""
        lines = self.terminal.lines
        count = len(lines())
        self.terminal.press(keys + TAB + TAB)
        await self.terminal.wait_until(
            lambda: len(lines()) > count and lines()[-1].endswith(keys.rstrip()), "what there is"
        )

    async def wait_line(self, line: str) -> None:
        """Return once this is shown in a line of its own."""
        await self.terminal.wait_until(lambda: line in self.terminal.lines(), line)

    async def clear(self) -> None:
        """Have a screen with a prompt and nothing else."""
        await self.run("clear")


async def run_wait(session: Session) -> None:
    """Wait for a job as if it ran here."""
    await session.run("rnx run --wait sh -c 'seq 3; exit 42'")
    await session.run("echo $?")


async def show_list(session: Session) -> None:
    """List jobs that ended in several ways."""
    for line in (
        "rnx run --wait --name=nightly true",
        "rnx run --wait sh -c 'exit 3'",
        "rnx run --wait --timeout=100ms sleep 600",
        'rnx run --wait --max-memory=32 python3 -uc \'print("sorting"); b"." * 10**9\'',
        "rnx run --name=server sleep 600",
    ):
        await session.run(line)
    await session.clear()
    await session.run("rnx list --output table")


async def show_status(session: Session) -> None:
    """Ask for everything about one job."""
    await session.run("rnx status 2")


async def explain(session: Session) -> None:
    """Ask why a job was killed."""
    await session.run("rnx explain 5")


async def ctrl_c(session: Session) -> None:
    """Press Ctrl-C twice, while a job does not stop."""
    await session.begin("rnx run --wait --stop-grace=1h sh -c \"trap '' TERM; echo working; sleep 600\"")
    await session.wait_line("working")
    session.terminal.press(CTRL_C)
    await session.terminal.wait_shown("Ctrl-C again kills it")
    session.terminal.press(CTRL_C)
    await session.wait_prompt()
    await session.run("echo $?")


async def completion(session: Session) -> None:
    """Have the shell complete a verb, and the id of a job."""
    await session.run('eval "$(rnx completion bash)"')
    await session.clear()
    await session.ask_offers("rnx st")
    await session.ask_offers("atus ")


async def narrow(session: Session) -> None:
    """List the same jobs where there is no room."""
    await session.run("rnx list -o table")


async def interactive(session: Session) -> None:
    """Work in a job's own shell."""
    await session.begin("rnx run -it bash")
    for line in ("id -un; pwd; tty", "ls -ld /work", "exit 3"):
        await session.terminal.wait_until(lambda: session.terminal.lines()[-1].endswith(":~$"), "its prompt")
        await session.begin(line)
        await session.terminal.wait_shown(f"$ {line}")
    await session.wait_prompt()
    await session.run("echo $?")


async def upload(session: Session) -> None:
    """Give a job a large file."""
    await session.run("truncate -s 2G samples.bin")
    await session.clear()
    await session.begin("rnx run --wait --upload=samples.bin sha256sum samples.bin")
    await session.terminal.wait_shown("left")


async def stats(session: Session) -> None:
    """Plot what a job used over its life."""
    program = "import time; kept = [(time.sleep(n % 20 / 100), b'.' * (1 << 21)) for n in range(60)]"
    await session.run(f'rnx run --wait python3 -c "{program}"')
    await session.clear()
    await session.run("rnx stats 8")


async def top(session: Session) -> None:
    """Look at the server's host and its jobs."""
    await session.run("rnx run --name=busy --max-cpu=50 sh -c 'while :; do :; done'")
    await session.clear()
    await session.run("rnx monitor top --filter=cpu,memory,network,job")


class Picture(NamedTuple):
    """What is done for a picture, and how wide its terminal is."""

    act: Callable[[Session], Awaitable[None]]
    columns: int = 80


PICTURES: Mapping[str, Picture] = {
    "run-wait": Picture(run_wait),
    "list": Picture(show_list),
    "status": Picture(show_status),
    "explain": Picture(explain),
    "ctrl-c": Picture(ctrl_c),
    "completion": Picture(completion),
    "narrow": Picture(narrow, columns=24),
    "stats": Picture(stats),
    "monitor": Picture(top),
    "interactive": Picture(interactive),
    "upload": Picture(upload),
}
"""By the name of the file, in the order of taking: a picture may show the jobs of those before it."""


def rows_of(terminal: Terminal) -> Rows:
    """Return what is on a screen."""
    buffer = terminal.screen.buffer
    rows = []
    for number, line in enumerate(terminal.lines()):
        cells = [buffer[number][column] for column in range(len(line))]
        rows.append(written_over([Cell(cell.data, style_of(cell)) for cell in cells]))
    return rows


def style_of(cell: pyte.screens.Char) -> Style:
    """Return how a character of the emulator looks."""
    colours = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
    return Style(*colours, is_bold=cell.bold)


def written_over(row: list[Cell]) -> list[Cell]:
    """Return a row without what is another each time."""
    for pattern, text in ALWAYS_ANOTHER.items():
        matches = list(pattern.finditer("".join(cell.text or " " for cell in row)))
        for match in reversed(matches):
            style = row[match.start()].style
            row[match.start() : match.end()] = [Cell(char, style) for char in text.rjust(len(match[0]))]
    return row


async def draw(daemon: Daemon, folder: Path, name: str) -> str:
    """Return one picture."""
    picture = PICTURES[name]
    write_rnx_config(folder / "rnx-config.yml", {"default": daemon.node(name="ann")})
    bash = Program("/bin/bash", folder, BASH, {"PS1": PS1})
    async with in_terminal(bash, columns=picture.columns, lines=40) as terminal:
        session = Session(terminal)
        await session.wait_prompt()
        await picture.act(session)
        return svg(rows_of(terminal), picture.columns, (picture.act.__doc__ or name).strip())


async def draw_all() -> None:
    """Write all pictures."""
    with (
        tempfile.TemporaryDirectory(prefix="joblet-pictures-") as folder,
        running_daemon(Path(folder)) as daemon,
    ):
        for name in PICTURES:
            print(name)
            text = await draw(daemon, Path(folder), name)
            (FOLDER / f"{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(draw_all())
