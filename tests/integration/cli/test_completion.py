"""Shell completion, asked as a shell asks; and `rnx --version`."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import pytest

from joblet.errors import AccessDeniedError
from joblet.job import Ending, JobSpec, Reason
from support.fakeservice import FakeService
from support.programs import Outcome, Program


async def completed(rnx: Program, words: str) -> list[str]:
    """Return what bash would offer for the last of these words."""
    variables = {
        "_RNX_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    outcome = await Program("rnx", rnx.folder, variables=variables).run()
    assert (outcome.code, outcome.err) == (0, "")
    return [line.partition(",")[2] for line in outcome.out.decode().splitlines() if line]


async def test_ids_of_jobs(rnx: Program, service: FakeService) -> None:
    """Where a job is named, the ids that begin with what was typed are offered."""
    for _ in range(12):
        service.add(JobSpec("true"), Ending(reason=Reason.EXITED, exit_code=0))

    assert await completed(rnx, "rnx status 1") == ["1", "10", "11", "12"]
    assert await completed(rnx, "rnx wait 10 1") == ["1", "11", "12"]


async def test_words_of_rnx(rnx: Program) -> None:
    """Commands and flags are offered too."""
    assert await completed(rnx, "rnx sto") == ["stop"]
    assert await completed(rnx, "rnx run --max-m") == ["--max-memory"]
    assert "json" in await completed(rnx, "rnx list --output j")


async def test_a_server_that_does_not_say(rnx: Program, service: FakeService) -> None:
    """No completion is no error in the middle of a line."""
    service.error = AccessDeniedError("nobody", "list_jobs")

    assert await completed(rnx, "rnx status 1") == []
    assert await completed(rnx, "rnx --server=localhost:1 status 1") == []
    assert await completed(rnx, "rnx --config=none.yml status 1") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_scripts(rnx: Program, shell: str) -> None:
    """There is a script for each shell, and bash takes its own."""
    outcome = await rnx.run("completion", shell)

    assert outcome.code == 0
    assert b"_RNX_COMPLETE" in outcome.out
    if shell == "bash":
        checked = await asyncio.create_subprocess_exec("bash", "-n", "-c", outcome.out)
        assert await checked.wait() == 0


async def test_versions(rnx: Program) -> None:
    """Ours and the server's."""
    ours = version("joblet")

    assert await rnx.run("--version") == Outcome(
        0, f"rnx, version {ours}\nserver, version 9.9.9\n".encode(), ""
    )


async def test_the_version_without_a_server(rnx: Program) -> None:
    """Ours, and in a word why there is no other."""
    outcome = await rnx.run("--server=localhost:1", "--version")

    assert (outcome.code, outcome.out) == (0, f"rnx, version {version('joblet')}\n".encode())
    assert outcome.err == "server: cannot reach localhost:1: Connection refused\n"
