"""`rnx run`'s options: each reaches the server, and each that is malformed is refused before."""

from __future__ import annotations

import pytest

from support.fakeservice import FakeService
from support.programs import Program


async def test_options_reach_the_server(rnx: Program, service: FakeService) -> None:
    """What was asked beyond the limits is in the request, and shown after the API's lines."""
    options = [
        *("--env=A=1", "--env", "B=x=y", "--env=EMPTY=", "--workdir=sub/folder"),
        *("--timeout=1h30m", "--stop-grace=1s500ms", "--name=nightly build", "--key=mine"),
    ]
    await rnx.run("run", *options, "make", "test")
    request = service.requests[0]
    status = (await rnx.run("status", "1")).out.decode().splitlines()
    listed = (await rnx.run("list")).out.decode()

    assert dict(request.options.environment) == {"A": "1", "B": "x=y", "EMPTY": ""}
    assert request.options.workdir == "sub/folder"
    assert (request.options.timeoutSeconds, request.options.stopGraceSeconds) == (5400, 1.5)
    assert (request.options.name, request.key) == ("nightly build", "mine")
    assert status[9:13] == [
        "Name: nightly build",
        "Workdir: sub/folder",
        "Timeout: 1h30m",
        "Stop Grace: 1s500ms",
    ]
    assert listed.endswith("Command: make test Name: nightly build\n")


async def test_nothing_is_asked_for_by_default(rnx: Program, service: FakeService) -> None:
    """Without options the request is the API's own, but for a key that makes a retry harmless."""
    await rnx.run("run", "true")

    assert not service.requests[0].HasField("options")
    assert service.requests[0].key


async def test_no_grace_is_not_the_default_one(rnx: Program, service: FakeService) -> None:
    """A grace period of 0 is one."""
    await rnx.run("run", "--stop-grace=0", "true")

    assert service.requests[0].options.HasField("stopGraceSeconds")
    assert service.requests[0].options.stopGraceSeconds == 0


async def test_a_file_of_variables(rnx: Program, service: FakeService) -> None:
    """Values are taken as they are; later files win over earlier ones, and flags over files."""
    (rnx.folder / "one.env").write_text('# comment\n\nA=from file\nB="quoted" # no comment\nC=1\r\n')
    (rnx.folder / "two.env").write_text("C=2\nD=from file")

    await rnx.run("run", "--env=D=flag", "--env-file=one.env", "--env-file=two.env", "true")

    assert dict(service.requests[0].options.environment) == {
        "A": "from file",
        "B": '"quoted" # no comment',
        "C": "2",
        "D": "flag",
    }


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--env=NOVALUE", "expected NAME=VALUE, got 'NOVALUE'"),
        ("--env==x", "expected NAME=VALUE, got '=x'"),
        ("--timeout=0", "expected a duration of more than 0, such as 100ms, 5s or 1h30m, got '0'"),
        ("--timeout=soon", "expected a duration of more than 0, such as 100ms, 5s or 1h30m, got 'soon'"),
        ("--timeout=90", "expected a duration such as 100ms, 5s or 1h30m, got '90'"),
        ("--stop-grace=-1s", "expected a duration such as 100ms, 5s or 1h30m, got '-1s'"),
    ],
)
async def test_malformed_options(rnx: Program, service: FakeService, option: str, why: str) -> None:
    """A malformed option is one line that names it, says what was expected, and what was found."""
    outcome = await rnx.run("run", option, "true")

    name = option.partition("=")[0]
    assert (outcome.code, outcome.out, service.requests) == (2, b"", [])
    assert outcome.err.startswith("Error: ")
    assert f"'{name}'" in outcome.err
    assert outcome.err.count("\n") == 1
    assert why.partition(", got")[0].removeprefix("expected a duration of more than 0, ") in outcome.err


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--name=two\nlines", "invalid name: expected at most 128 printable characters, got 'two\\nlines'"),
        (
            "--key=" + "k" * 129,
            "invalid key: expected at most 128 printable characters, got '" + "k" * 80 + "'",
        ),
        ("--env-file=none.env", "none.env: cannot be read: No such file or directory"),
        ("--env-file=bad.env", "bad.env:2: expected NAME=VALUE"),
        ("--env-file=binary.env", "binary.env: expected UTF-8 text"),
    ],
)
async def test_refused_options(rnx: Program, service: FakeService, option: str, why: str) -> None:
    """What can never be right is refused here, and a line that may hold a secret is not shown."""
    (rnx.folder / "bad.env").write_text("A=1\nsecret\n")
    (rnx.folder / "binary.env").write_bytes(b"\xff")

    outcome = await rnx.run("run", option, "true")

    assert (outcome.code, outcome.out, service.requests) == (1, b"", [])
    assert outcome.err == "Error: " + why + "\n"
