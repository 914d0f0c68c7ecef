"""A job's samples in its directory: what it had used at moments of its life, in a file that does not grow.

Records of one size: a header with the interval, then the samples. When the
file is full, every second sample goes and the interval doubles, so that a
short job has many and a long one has no more. A record that was cut off, or
that a power cut left empty, is not there for a reader, and is written over.

Not: the beginning and the end of a job, which its acceptance and its exit
record tell (`whole_life`); so a job has those whatever became of this file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from joblet.job import Job
from joblet.metrics import JobSample

MOST_SAMPLES = 512
"""24 KiB a job."""

_HEADER = struct.Struct("<16sd24x")
_RECORD = struct.Struct("<6q")
_MAGIC = b"joblet-samples 1"
_UNKNOWN = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


class SampleFile:
    """The samples of one job, for the one who writes them; goes on with what an earlier runner wrote."""

    def __init__(self, path: Path, interval_seconds: float) -> None:
        self.interval_seconds = interval_seconds
        self._path = path

    def append(self, sample: JobSample) -> None:
        """Add a sample, and make room first if there is none.

        Raises:
            OSError: the disk is full or failing, or the job's directory is gone.

        """
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            count = self._take_up(fd)
            if count < MOST_SAMPLES:
                os.pwrite(fd, encode(sample), _HEADER.size + count * _RECORD.size)
                return
            kept = thinned(os.pread(fd, MOST_SAMPLES * _RECORD.size, _HEADER.size))
        finally:
            os.close(fd)
        self.interval_seconds *= 2
        self._replace(kept + encode(sample))

    def _take_up(self, fd: int) -> int:
        """Return how many samples there are, in a file that has a header from now on."""
        header = os.pread(fd, _HEADER.size, 0)
        if interval := _interval_of(header):
            self.interval_seconds = interval
            return (os.fstat(fd).st_size - _HEADER.size) // _RECORD.size
        os.ftruncate(fd, 0)
        os.pwrite(fd, self._header(), 0)
        return 0

    def _replace(self, records: bytes) -> None:
        # Beside and renamed: a reader finds the old samples or the new ones, whenever it looks.
        beside = self._path.with_suffix(".tmp")
        beside.write_bytes(self._header() + records)
        beside.rename(self._path)

    def _header(self) -> bytes:
        return _HEADER.pack(_MAGIC, self.interval_seconds)


def read_samples(path: Path) -> Sequence[JobSample]:
    """Return what a file has, oldest first; nothing if it is not there or is none.

    Raises:
        OSError: it cannot be read.

    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return list(decode(content))


def encode(sample: JobSample) -> bytes:
    """Return the record of a sample."""
    cpu_us = None if sample.cpu_seconds is None else round(sample.cpu_seconds * 1e6)
    numbers = (cpu_us, sample.memory_bytes, sample.read_bytes, sample.written_bytes, sample.log_bytes)
    at_us = (sample.at - _EPOCH) // _MICROSECOND
    return _RECORD.pack(at_us, *(_UNKNOWN if number is None else number for number in numbers))


def decode(content: bytes) -> Iterator[JobSample]:
    """Yield the whole samples of a file's content, wherever it was cut off."""
    if not _interval_of(content[: _HEADER.size]):
        return
    end = len(content) - len(content) % _RECORD.size
    for at_us, cpu_us, *numbers in _RECORD.iter_unpack(content[_HEADER.size : end]):
        # 0 is what a power cut leaves of a file whose length is on the disk already.
        if 0 < at_us <= _LATEST_US:
            memory, read, written, log = (None if number < 0 else number for number in numbers)
            yield JobSample(
                at=_EPOCH + at_us * _MICROSECOND,
                cpu_seconds=None if cpu_us < 0 else cpu_us / 1e6,
                memory_bytes=memory,
                read_bytes=read,
                written_bytes=written,
                log_bytes=log,
            )


def thinned(records: bytes) -> bytes:
    """Return every second record, the first included."""
    size = _RECORD.size
    return b"".join(records[start : start + size] for start in range(0, len(records), 2 * size))


def whole_life(job: Job, sampled: Sequence[JobSample], now: JobSample | None = None) -> Sequence[JobSample]:
    """Return a job's samples from its acceptance, when it had used nothing, to its end, or to now if it runs.

    What was not measured at any time was not measured at the beginning either.
    """
    end = _sample_of_end(job)
    if end:  # the last one may have been taken while the end was being recorded
        sampled = [sample for sample in sampled if sample.at < end.at]
    last = end or now
    samples = [*sampled, *([last] if last else [])]
    return [_sample_of_start(job, samples), *samples]


def _sample_of_start(job: Job, samples: Sequence[JobSample]) -> JobSample:
    return JobSample(
        at=job.started_at,
        cpu_seconds=0.0 if any(sample.cpu_seconds is not None for sample in samples) else None,
        read_bytes=0 if any(sample.read_bytes is not None for sample in samples) else None,
        written_bytes=0 if any(sample.written_bytes is not None for sample in samples) else None,
        log_bytes=0,
    )


def _sample_of_end(job: Job) -> JobSample | None:
    if job.ending is None or job.ended_at is None:
        return None
    usage = job.ending.usage
    return JobSample(
        at=job.ended_at,
        cpu_seconds=usage.cpu_seconds,
        read_bytes=usage.read_bytes,
        written_bytes=usage.written_bytes,
        log_bytes=job.ending.log_bytes,
    )


def _interval_of(header: bytes) -> float:
    """Return the interval that a header tells, 0 if it is none."""
    if len(header) < _HEADER.size:
        return 0.0
    magic, interval_seconds = _HEADER.unpack(header)
    return float(interval_seconds) if magic == _MAGIC and 0 < interval_seconds < float("inf") else 0.0
