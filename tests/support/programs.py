"""The installed programs, run as a user runs them, with an environment of their own."""

from __future__ import annotations

import asyncio
import os
import sysconfig
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from joblet.admin.cert import Credential
from joblet.admin.template import RNX_CONFIG, node_text
from joblet.config import Node

SCRIPTS = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended; `err` is decoded, `out` may be anything."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program with the arguments that it always gets, in a folder that is also its home."""

    name: str
    folder: Path
    always: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """The command line that it begins with; a name that is a path is that program."""
        return (str(SCRIPTS / self.name), *self.always)

    @property
    def environment(self) -> dict[str, str]:
        """All that it knows of this process's environment."""
        path = f"{SCRIPTS}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **self.variables}

    async def start(self, *arguments: str | bytes, stdin: int = DEVNULL, stdout: int = PIPE) -> Process:
        """Start it."""
        return await asyncio.create_subprocess_exec(
            *self.words,
            *arguments,
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=stdout,
            stderr=PIPE,
        )

    async def run(self, *arguments: str | bytes, stdout: int = PIPE, content: bytes | None = None) -> Outcome:
        """Run it to its end; `content` comes to it through a pipe."""
        stdin = DEVNULL if content is None else PIPE
        process = await self.start(*arguments, stdin=stdin, stdout=stdout)
        out, err = await process.communicate(content)
        return outcome(process, out, err)


def outcome(process: Process, out: bytes | None, err: bytes) -> Outcome:
    """Return how an ended process ended; `out` is None if its stdout went elsewhere."""
    assert process.returncode is not None
    return Outcome(process.returncode, out or b"", err.decode())


def write_rnx_config(path: Path, nodes: Mapping[str, Node]) -> Path:
    """Write an rnx-config.yml with these nodes."""
    text = RNX_CONFIG
    for name, node in nodes.items():
        credential = Credential(cert=node.tls.cert, key=node.tls.key)
        text += node_text(name, node.address, node.tls.ca, credential)
    path.write_text(text)
    return path
