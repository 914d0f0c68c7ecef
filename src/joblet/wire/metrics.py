"""What was measured as messages, and back; the rules of `convert.py` and `values.py` hold here too."""

from __future__ import annotations

from collections.abc import Sequence

from joblet.errors import ServerError
from joblet.metrics import JobSample
from joblet.wire.convert import time_to_text
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.values import parse_time


def stats_to_message(samples: Sequence[JobSample]) -> pb.JobStats:
    """Return the samples of a job's life."""
    return pb.JobStats(
        samples=[
            pb.JobSample(
                time=time_to_text(sample.at),
                cpuSeconds=sample.cpu_seconds,
                memoryBytes=sample.memory_bytes,
                readBytes=sample.read_bytes,
                writtenBytes=sample.written_bytes,
                logBytes=sample.log_bytes,
            )
            for sample in samples
        ]
    )


def stats_from_message(message: pb.JobStats) -> Sequence[JobSample]:
    """Return the samples of a job's life.

    Raises:
        ServerError: one of them has no time.

    """
    try:
        return [sample_from_message(sample) for sample in message.samples]
    except ValueError as error:
        raise ServerError(f"malformed answer: {error}") from error


def sample_from_message(message: pb.JobSample) -> JobSample:
    """Return one sample; an absent field was not measured.

    Raises:
        ValueError: it has no time.

    """
    return JobSample(
        at=parse_time(message.time),
        cpu_seconds=message.cpuSeconds if message.HasField("cpuSeconds") else None,
        memory_bytes=message.memoryBytes if message.HasField("memoryBytes") else None,
        read_bytes=message.readBytes if message.HasField("readBytes") else None,
        written_bytes=message.writtenBytes if message.HasField("writtenBytes") else None,
        log_bytes=message.logBytes if message.HasField("logBytes") else None,
    )
