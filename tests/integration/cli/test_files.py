"""`rnx run --upload` and `rnx download`: what reaches the server, and what a person is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from joblet.files.entry import Entry, Kind, LeftOut, Piece
from joblet.files.stream import MOST_LEFT_OUT
from joblet.job import JobSpec
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.pieces import to_messages
from support.fakeservice import FakeService
from support.programs import Program
from support.trees import paths


@pytest.fixture
def project(rnx: Program) -> Path:
    """Two folders and two files, in the folder of rnx."""
    for name in ("data", "src/deep"):
        (rnx.folder / name).mkdir(parents=True)
    for name in ("data/input", "src/deep/main.py", "script", "config"):
        (rnx.folder / name).write_text(name)
    return rnx.folder


def put_files(service: FakeService) -> None:
    service.add(JobSpec("ls"))
    folder = Entry(b"out", Kind.FOLDER, 0o755)
    pieces: list[Piece] = [folder, Entry(b"out/result"), b"42\n", LeftOut(b"a\nb", "a socket")]
    service.files = [pb.FilesChunk(pieces=to_messages(pieces)), pb.FilesChunk(complete=True)]


async def test_files_and_folders(rnx: Program, service: FakeService, project: Path) -> None:
    """Files land under their own names, folders with what is in them; nothing is said but the job."""
    words = ["--upload=script", "--upload", "config", "--upload-dir=data", "--upload-dir", "src"]
    outcome = await rnx.run("run", *words, "./script")

    assert paths(service.uploaded) == [b"script", b"config", b"input", b"deep", b"deep/main.py"]
    assert outcome.code == 0
    assert outcome.out.startswith(b"Job started:\nID: 1\n")
    assert outcome.err == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--upload=missing"], "File 'missing' does not exist."),
        (["--upload=data"], "File 'data' is a directory."),
        (["--upload-dir=script"], "Directory 'script' is a file."),
    ],
)
async def test_wrong_usage(
    rnx: Program, service: FakeService, project: Path, words: list[str], why: str
) -> None:
    """It is said which of a file and a folder was expected."""
    outcome = await rnx.run("run", *words, "true")

    assert outcome.code == 2
    assert why in outcome.err
    assert service.requests == []


@pytest.mark.parametrize(("words", "code"), [([], 1), (["--wait"], 125)])
async def test_a_tree_that_is_refused(
    rnx: Program, service: FakeService, project: Path, words: list[str], code: int
) -> None:
    """One line, and no job; with --wait the code is that of a job that could not be run."""
    os.mkfifo(project / "src" / "fifo")

    outcome = await rnx.run("run", *words, "--upload-dir=src", "true")

    assert outcome.code == code
    assert outcome.err == "Error: invalid file: src/fifo: not a file, a folder or a symbolic link\n"
    assert service.requests == []


async def test_a_download(rnx: Program, service: FakeService) -> None:
    """Files come to the folder; what was left out is told on stderr, safely, and the exit code is 1."""
    put_files(service)

    outcome = await rnx.run("download", "1", "-o", "there")

    assert (rnx.folder / "there" / "out" / "result").read_text() == "42\n"
    assert outcome.out == b"Downloaded to there: 2 files and folders, 3 B\n"
    assert outcome.err == "Left out: a\\nb: a socket\n"
    assert outcome.code == 1


async def test_a_download_as_json(rnx: Program, service: FakeService) -> None:
    """The same as an object, to this folder."""
    put_files(service)

    outcome = await rnx.run("download", "1", "--output=json")

    assert json.loads(outcome.out) == {
        "entries": 2,
        "contentBytes": 3,
        "leftOut": [{"path": "a\nb", "why": "a socket"}],
        "leftOutCount": 1,
    }
    assert (rnx.folder / "out" / "result").exists()


async def test_much_is_left_out(rnx: Program, service: FakeService) -> None:
    """So many sockets are not all named."""
    service.add(JobSpec("ls"))
    left_out = [LeftOut(b"%d" % number, "a socket") for number in range(MOST_LEFT_OUT + 7)]
    service.files = [pb.FilesChunk(pieces=to_messages(left_out), complete=True)]

    outcome = await rnx.run("download", "1")

    assert len(outcome.err.splitlines()) == MOST_LEFT_OUT + 1
    assert outcome.err.endswith("Left out: 7 more\n")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], []),
        (["out", "in/"], [b"out", b"in"]),
        (["./out//a"], [b"out/a"]),
        (["/work/out"], [b"out"]),
        (["/work", "/work/"], []),
        (["/workshop/x"], []),
        ([b"\xff"], [b"\xff"]),
    ],
)
async def test_paths(
    rnx: Program, service: FakeService, words: list[str | bytes], wanted: list[bytes]
) -> None:
    """A path is taken as people write it, and as jobs do; one that is not below /work is refused."""
    put_files(service)

    outcome = await rnx.run("download", "1", *words)

    if words == ["/workshop/x"]:
        assert outcome.err == (
            "Error: invalid file: /workshop/x: expected a relative path without empty components, . and ..\n"
        )
        assert service.requests == []
    else:
        assert list(service.requests[-1].paths) == wanted


async def test_a_download_of_no_job(rnx: Program, service: FakeService) -> None:
    """As everywhere."""
    outcome = await rnx.run("download", "7", "--to=there")

    assert (outcome.code, outcome.err) == (1, "Error: job not found: 7\n")
    assert list((rnx.folder / "there").glob("*")) == []
