"""The files of this machine that go with a job: all of them are looked at before any is sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from joblet.errors import FileAccessError, InvalidFileError
from joblet.files.entry import Entry, Total
from joblet.files.local import LocalFiles
from support.trees import paths


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "main.py").write_text("print()")
    (project / "README").write_text("Hello")
    return project


def test_files_and_folders(project: Path) -> None:
    """A file lands under its own name, and so does what is in a folder."""
    files = LocalFiles([project / "src" / "main.py"], project)

    assert files
    assert files.survey() == Total(4, 19)
    assert paths(list(files.pack())) == [b"main.py", b"README", b"src", b"src/main.py"]


def test_nothing() -> None:
    """No files are none."""
    assert not LocalFiles()
    assert LocalFiles().survey() == Total()


def test_a_named_link_is_followed(project: Path) -> None:
    """What is named may be a link to a file, which lands under the link's name; or to a folder."""
    (project.parent / "file").symlink_to(project / "README")
    (project.parent / "folder").symlink_to(project)

    pieces = list(LocalFiles(project.parent / "file", project.parent / "folder" / "src").pack())

    assert paths(pieces) == [b"file", b"main.py"]
    assert pieces[1] == b"Hello"


def test_a_file_by_a_relative_path(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is what counts."""
    monkeypatch.chdir(project / "src")

    assert paths(list(LocalFiles(["main.py", "../README"]).pack())) == [b"main.py", b"README"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("fifo", "^invalid file: /.*/project/src/odd: not a file, a folder or a symbolic link$"),
        ("link", "^invalid file: /.*/project/src/odd: a symbolic link that leads outside"),
    ],
)
def test_what_cannot_be_carried_is_refused(project: Path, made: str, why: str) -> None:
    """One such thing, and nothing at all is sent."""
    odd = project / "src" / "odd"
    if made == "fifo":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/etc/passwd")

    with pytest.raises(InvalidFileError, match=why):
        LocalFiles((), project).survey()


def test_two_of_one_name(project: Path) -> None:
    """Neither wins."""
    with pytest.raises(InvalidFileError, match=r"^invalid file: README: it is given twice$"):
        LocalFiles(project / "README", project).survey()


def test_a_folder_in_the_place_of_a_file(project: Path) -> None:
    """It says which of the two was expected."""
    with pytest.raises(InvalidFileError, match=r"project: expected a file, and it is a folder$"):
        LocalFiles(project).survey()


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_is_not_there(project: Path, is_folder: bool) -> None:
    """It is named as it was given."""
    missing = str(project / "missing")
    files = LocalFiles((), missing) if is_folder else LocalFiles(missing)

    with pytest.raises(FileAccessError, match=f"^{missing}: No such file or directory$"):
        files.survey()


def test_what_has_changed_since_is_refused(project: Path) -> None:
    """A tree that can no longer be carried when it is sent is not sent to its end."""
    files = LocalFiles((), project)
    files.survey()
    (project / "src" / "main.py").unlink()
    (project / "src" / "main.py").symlink_to("/etc/passwd")

    with pytest.raises(InvalidFileError, match="leads outside"):
        list(files.pack())


def test_a_survey_opens_each_file(project: Path) -> None:
    """What cannot be read is found before anything is sent, by the size that it has then."""
    entries = [piece for piece in LocalFiles((), project).pack() if isinstance(piece, Entry)]

    assert [entry.size_bytes for entry in entries] == [5, 0, 7]
