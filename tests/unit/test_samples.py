"""A job's samples in a file that does not grow, wherever it was cut."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.job import Ending, Job, JobSpec, Reason, Usage
from joblet.metrics import JobSample
from joblet.runner.samples import MOST_SAMPLES, SampleFile, decode, encode, read_samples, whole_life
from support.jobs import SAMPLES

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
JOB = Job(id="1", spec=JobSpec("true"), started_at=NOON).after_start(7)


def sample(second: float, **measured: float) -> JobSample:
    return JobSample(NOON + timedelta(seconds=second), **measured)  # type: ignore[arg-type]  # the fields' own


def written(path: Path, count: int) -> list[JobSample]:
    """Return the samples that a file has been given, one a second."""
    samples = [sample(second, cpu_seconds=second / 2, log_bytes=second) for second in range(count)]
    file = SampleFile(path, 1.0)
    for each in samples:
        file.append(each)
    return samples


@given(st.lists(SAMPLES, max_size=20))
def test_samples_survive_the_file(tmp_path_factory: pytest.TempPathFactory, samples: list[JobSample]) -> None:
    """What is read back is what was written, what was not measured included."""
    path = tmp_path_factory.mktemp("samples") / "samples"
    file = SampleFile(path, 1.0)

    for each in samples:
        file.append(each)

    assert list(read_samples(path)) == samples


@given(st.integers(0, 48 * 9), SAMPLES)
def test_a_file_cut_at_any_byte_is_read_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, length: int, late: JobSample
) -> None:
    """A cut takes the samples behind it and no other, and the next is written over what is left."""
    path = tmp_path_factory.mktemp("samples") / "samples"
    samples = written(path, 8)
    os.truncate(path, length)
    whole = max(0, length // 48 - 1)

    assert list(read_samples(path)) == samples[:whole]
    SampleFile(path, 1.0).append(late)
    assert list(read_samples(path)) == [*samples[:whole], late]


@given(st.binary(max_size=300))
def test_no_content_is_an_error(content: bytes) -> None:
    """A file that is none of ours, or was written over with anything, has samples or has none."""
    list(decode(content))
    list(decode(b"joblet-samples 1" + content))


def test_what_a_power_cut_leaves_empty_is_no_sample(tmp_path: Path) -> None:
    """Bytes of 0, where the length reached the disk and the content did not, are not read."""
    samples = written(tmp_path / "samples", 2)
    with (tmp_path / "samples").open("ab") as file:
        file.write(bytes(48))

    assert list(read_samples(tmp_path / "samples")) == samples


def test_there_need_be_no_file(tmp_path: Path) -> None:
    """A job that ended before its first sample has none."""
    assert read_samples(tmp_path / "samples") == []


@given(st.integers(MOST_SAMPLES + 1, 4 * MOST_SAMPLES))
def test_a_full_file_thins_itself(tmp_path_factory: pytest.TempPathFactory, count: int) -> None:
    """However many come, the file is as large as before, begins with the first and ends with the last."""
    path = tmp_path_factory.mktemp("samples") / "samples"
    samples = written(path, count)

    kept = list(read_samples(path))

    assert MOST_SAMPLES // 2 < len(kept) <= MOST_SAMPLES
    assert (kept[0], kept[-1]) == (samples[0], samples[-1])
    assert set(kept) <= set(samples)
    assert path.stat().st_size <= 48 * (1 + MOST_SAMPLES)
    assert not path.with_suffix(".tmp").exists()


def test_a_thinned_file_is_even(tmp_path: Path) -> None:
    """Written when the interval says, samples are equally far apart over the whole life, before and after."""
    file, second = SampleFile(tmp_path / "samples", 1.0), 0.0
    while file.interval_seconds < 8:
        file.append(sample(second))
        second += file.interval_seconds

    times = [each.at for each in read_samples(tmp_path / "samples")]

    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(seconds=8)}


def test_the_interval_outlives_the_writer(tmp_path: Path) -> None:
    """Who goes on with a file goes on with its interval."""
    written(tmp_path / "samples", MOST_SAMPLES + 1)
    file = SampleFile(tmp_path / "samples", 1.0)

    file.append(sample(1e6))

    assert file.interval_seconds == 2.0


def test_a_life_has_its_beginning_and_its_end() -> None:
    """They come from the job itself; a sample that was taken while the end was recorded is left out."""
    usage = Usage(cpu_seconds=2.5, peak_memory_bytes=4096)
    ended = JOB.after_end(Ending(Reason.EXITED, 0, log_bytes=9, usage=usage), NOON + timedelta(seconds=3))
    sampled = [sample(1, cpu_seconds=1.0, memory_bytes=4096), sample(3.1, cpu_seconds=2.5)]

    life = whole_life(ended, sampled)

    assert life == [
        sample(0, cpu_seconds=0.0, log_bytes=0),
        sampled[0],
        sample(3, cpu_seconds=2.5, log_bytes=9),
    ]


def test_the_life_of_a_running_job_ends_now() -> None:
    """What it has used by now is the last sample; before it runs there is nothing but its beginning."""
    now = sample(2, cpu_seconds=1.0)

    assert whole_life(JOB, [], now) == [sample(0, cpu_seconds=0.0, log_bytes=0), now]
    assert whole_life(JOB, []) == [sample(0, log_bytes=0)]


def test_a_record_has_one_size() -> None:
    """So that a cut can be told from a sample."""
    assert len(encode(sample(0))) == len(encode(sample(1e6, cpu_seconds=1e6, memory_bytes=2**62))) == 48
