"""What was measured of a host as messages, and back: by the names of the fields, not one by one.

A dataclass of `joblet.metrics` and its message have the same fields, by
`api_name`; a test holds them to each other. The rules of `convert.py` and
`values.py` hold here too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_type_hints

from google.protobuf.message import Message

from joblet import metrics
from joblet.errors import InvalidRequestError, ServerError
from joblet.limits import INT32_MAX
from joblet.metrics import ALL_KINDS, Kind, SystemMetrics, api_name
from joblet.wire.convert import time_to_text
from joblet.wire.generated import monitoring_pb2 as pb
from joblet.wire.values import parse_time

Value = TypeVar("Value")
MessageT = TypeVar("MessageT", bound=Message)

MESSAGES: Mapping[type, type[Message]] = MappingProxyType(
    {
        metrics.HostFacts: pb.HostInfo,
        metrics.CpuMetrics: pb.CPUMetrics,
        metrics.MemoryMetrics: pb.MemoryMetrics,
        metrics.DiskMetrics: pb.DiskMetrics,
        metrics.NetworkMetrics: pb.NetworkMetrics,
        metrics.IoMetrics: pb.IOMetrics,
        metrics.DeviceIoMetrics: pb.DiskIOMetrics,
        metrics.ProcessMetrics: pb.ProcessMetrics,
        metrics.ProcessUse: pb.ProcessInfo,
        metrics.JobMetrics: pb.JobMetrics,
    }
)
"""The message of each value; that of a whole system there is twice."""


def system_to_message(system: SystemMetrics, message_type: type[MessageT]) -> MessageT:
    """Return a host's metrics as one of the two messages that are such."""
    return message_type(**fields_of(system))


def system_from_message(message: pb.SystemStatusRes | pb.SystemMetricsRes) -> SystemMetrics:
    """Return the host's metrics that a server told.

    Raises:
        ServerError: they make no sense.

    """
    try:
        return value_from(message, SystemMetrics)
    except ValueError as error:
        raise ServerError(f"malformed answer: {error}") from error


def watch_to_message(interval_seconds: int, kinds: Collection[Kind]) -> pb.StreamMetricsReq:
    """Return the request to watch a host.

    Raises:
        InvalidRequestError: the interval does not fit into a message.

    """
    if not -INT32_MAX <= interval_seconds <= INT32_MAX:
        raise InvalidRequestError(f"interval is out of range (got {interval_seconds})")
    return pb.StreamMetricsReq(intervalSeconds=interval_seconds, metricTypes=sorted(kinds))


def kinds_from_types(types: Sequence[str]) -> frozenset[Kind]:
    """Return the kinds that a request names, all if it names none.

    Raises:
        InvalidRequestError: one of them is unknown.

    """
    try:
        return frozenset(map(Kind, types)) or ALL_KINDS
    except ValueError:
        unknown = next(each for each in types if each not in ALL_KINDS)
        raise InvalidRequestError(
            f"unknown metric type: {unknown!r} (expected some of {', '.join(Kind)})"
        ) from None


def fields_of(value: object) -> dict[str, Any]:
    """Return a value's attributes by their names in its message; what was not measured is left out."""
    assert is_dataclass(value)  # noqa: S101  the table above has nothing else
    named = {api_name(field.name): getattr(value, field.name) for field in fields(value)}
    return {name: part_of_message(part) for name, part in named.items() if part is not None}


def part_of_message(part: object) -> Any:
    """Return an attribute as a message's field takes it."""
    if isinstance(part, datetime):
        return time_to_text(part)
    if isinstance(part, str):
        # What the host calls its processes and disks is bytes; those that are no UTF-8 are shown as "?".
        return part.encode(errors="replace").decode()
    if isinstance(part, (list, tuple)):
        return [part_of_message(each) for each in part]
    message_type = MESSAGES.get(type(part))
    return message_type(**fields_of(part)) if message_type else part


def value_from(message: Message, value_type: type[Value]) -> Value:
    """Return the value that a message carries.

    Raises:
        ValueError: a time in it is none.

    """
    return value_type(
        **{
            attribute: attribute_from(message, api_name(attribute), hint)
            for attribute, hint in hints_of(value_type).items()  # type: ignore[arg-type]  # a type is hashable
        }
    )


def attribute_from(message: Message, name: str, hint: Any) -> Any:
    """Return a message's field as an attribute of this type."""
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.has_presence and not message.HasField(name):
        return None
    part = getattr(message, name)
    inner = next((each for each in get_args(hint) if each is not type(None)), hint)
    if field.is_repeated:
        return [value_from(each, inner) for each in part] if inner in MESSAGES else list(part)
    if inner in MESSAGES:
        return value_from(part, inner)
    return parse_time(part) if inner is datetime else part


@cache
def hints_of(value_type: Any) -> Mapping[str, Any]:
    """Return the types of a value's attributes; resolved once, for that takes long."""
    return get_type_hints(value_type)
