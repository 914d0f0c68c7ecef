"""A host's metrics as the JSON of `rnx monitor`: the API's names, see docs/reference/output.md. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from joblet.cli.schema import time_field
from joblet.metrics import api_name

if TYPE_CHECKING:
    from joblet.metrics import JobSample, SystemMetrics


def system_fields(system: SystemMetrics) -> Any:
    """Return everything about a host; what was not measured or not asked for is null, or an empty list."""
    return json_value(system)


def samples_fields(samples: Sequence[JobSample]) -> list[dict[str, object]]:
    """Return the samples of a job's life, with the API's names."""
    return [
        {
            "time": time_field(sample.at),
            "cpuSeconds": sample.cpu_seconds,
            "memoryBytes": sample.memory_bytes,
            "readBytes": sample.read_bytes,
            "writtenBytes": sample.written_bytes,
            "logBytes": sample.log_bytes,
        }
        for sample in samples
    ]


def json_value(value: object) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return time_field(value)
    if isinstance(value, (list, tuple)):
        return [json_value(each) for each in value]
    if is_dataclass(value):
        return {api_name(field.name): json_value(getattr(value, field.name)) for field in fields(value)}
    return value
