"""Files in and out, at every place: the same values, the same errors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from joblet import JobSpec, JobStatus, LeftOut, Place
from joblet.errors import (
    FileAccessError,
    InvalidFileError,
    InvalidRequestError,
    JobNotFoundError,
    PathNotFoundError,
)
from support.places import output_of, wait_for_output
from support.trees import listing

pytestmark = pytest.mark.isolation


def sh(script: str, key: str = "") -> JobSpec:
    return JobSpec("sh", ("-c", script), key=key)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A script, a file that only its owner may read, an empty folder, a link, a name that is no text."""
    project = tmp_path / "project"
    (project / "empty").mkdir(parents=True, mode=0o750)
    (project / "script").write_text("#!/bin/sh\necho from the script; id -un; cat folder/secret\n")
    (project / "script").chmod(0o700)
    (project / "folder").mkdir(mode=0o500)
    (project / "folder" / "secret").write_text("secret\n")
    (project / "folder" / "secret").chmod(0o400)
    (project / "link").symlink_to("folder/secret")
    Path(os.fsdecode(os.fsencode(project) + b"/\xff\xfe")).write_bytes(bytes(200_000))
    for path in project.rglob("*"):
        os.utime(path, ns=(10**18 + 7, 10**18 + 7), follow_symlinks=False)
    return project


async def test_a_job_uses_what_was_uploaded(place: Place, project: Path, tmp_path: Path) -> None:
    """It runs an uploaded script as the job's user, whose the files are; and all of it comes back."""
    job = await place.start(JobSpec("./script"), folders=project)
    ended = await place.wait(job.id)
    downloaded = await place.download(job.id, tmp_path / "out")

    assert (ended.status, ended.exit_code) == (JobStatus.COMPLETED, 0)
    assert await output_of(place, job.id) == b"from the script\nnobody\nsecret\n"
    assert listing(tmp_path / "out") == listing(project)
    assert (downloaded.entries, downloaded.left_out) == (6, ())
    assert downloaded.content_bytes == 200_000 + sum(
        map(len, [(project / "script").read_bytes(), b"secret\n"])
    )


async def test_files_by_name(place: Place, project: Path) -> None:
    """Each lands under its own name."""
    job = await place.start(
        sh("cat secret; ./script"), files=[project / "folder" / "secret", project / "script"]
    )
    await place.wait(job.id)

    assert (await output_of(place, job.id)).startswith(b"secret\nfrom the script\n")


async def test_a_job_that_runs(place: Place, tmp_path: Path) -> None:
    """Its files are taken as they are at the moment, some of them or all; what cannot be is told."""
    script = "mkdir -p out/a; echo 1 > out/a/one; echo 2 > two; mkfifo fifo; ln -s /etc/passwd p"
    job = await place.start(sh(f"{script}; echo up; sleep 600"))
    await wait_for_output(place, job.id, b"up\n")

    some = await place.download(job.id, tmp_path / "some", ["out/a", "two"])
    everything = await place.download(job.id, tmp_path / "all")

    assert set(listing(tmp_path / "some")) == {b"out", b"out/a", b"out/a/one", b"two"}
    assert listing(tmp_path / "all") == listing(tmp_path / "some")
    assert some.left_out == ()
    assert set(everything.left_out) == {
        LeftOut(b"fifo", "not a file, a folder or a symbolic link"),
        LeftOut(b"p", "a symbolic link that leads outside, or climbs after a name: /etc/passwd"),
    }


async def test_what_is_downloaded_replaces(place: Place, tmp_path: Path) -> None:
    """A second download has what is new; a link that is in the way is not followed."""
    job = await place.start(sh("echo one > file; mkdir folder; echo two > folder/file"))
    await place.wait(job.id)
    out, canary = tmp_path / "out", tmp_path / "canary"
    out.mkdir()
    canary.mkdir()
    (out / "file").write_text("an older and longer one")

    await place.download(job.id, out, ["file"])
    (out / "folder").symlink_to("../canary")
    with pytest.raises(FileAccessError):
        await place.download(job.id, out)

    assert (out / "file").read_text() == "one\n"
    assert os.listdir(canary) == []


async def test_a_file_that_is_refused(place: Place, project: Path) -> None:
    """There is no job, and the error says which file and why."""
    os.mkfifo(project / "fifo")
    before = await place.list()

    with pytest.raises(InvalidFileError) as caught:
        await place.start(JobSpec("true"), folders=project)

    assert str(caught.value) == f"invalid file: {project}/fifo: not a file, a folder or a symbolic link"
    assert await place.list() == before


async def test_a_file_that_is_not_there(place: Place, tmp_path: Path) -> None:
    """The same, of this machine."""
    with pytest.raises(FileAccessError, match=r"missing: No such file or directory$"):
        await place.start(JobSpec("true"), files=tmp_path / "missing")


@pytest.mark.parametrize("path", ["missing", "file/below"])
async def test_a_path_that_is_not_there(place: Place, tmp_path: Path, path: str) -> None:
    """It is said, and nothing is made."""
    job = await place.start(sh("echo one > file"))
    await place.wait(job.id)

    with pytest.raises(PathNotFoundError) as caught:
        await place.download(job.id, tmp_path / "out", [path])

    assert str(caught.value) == f"no such file or folder in /work of job {job.id}: {path}"
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../1", "a/../../b", "", "a\0"])
async def test_a_path_that_leads_outside(place: Place, tmp_path: Path, path: str) -> None:
    """It is refused."""
    job = await place.start(JobSpec("true"))
    await place.wait(job.id)

    with pytest.raises(InvalidRequestError, match="invalid file"):
        await place.download(job.id, tmp_path / "out", [path])


@pytest.mark.parametrize("job_id", ["999999", "", "../1"])
async def test_files_of_no_job(place: Place, tmp_path: Path, job_id: str) -> None:
    """An unknown id is as unknown as elsewhere."""
    with pytest.raises(JobNotFoundError, match=f"^job not found: {job_id}$"):
        await place.download(job_id, tmp_path / "out")


async def test_a_start_that_is_asked_again(place: Place, project: Path) -> None:
    """With the same key it is the same job, and no file is looked at for it."""
    spec = sh("cat folder/secret", key="files")
    first = await place.start(spec, folders=project)
    await place.wait(first.id)

    again = await place.start(spec, folders=project)

    assert again.id == first.id
    with pytest.raises(InvalidRequestError, match="key 'files' was used before, for a different job"):
        await place.start(sh("true", key="files"), folders=project)
