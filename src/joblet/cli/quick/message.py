"""Protobuf's wire format, as far as answers that are jobs need it, without protobuf.

A `Message` has the attributes of the generated classes, so `wire/values.py`
makes the same values of it. The tables say what joblet.proto says, which a
test holds them to. As in protobuf, an absent field has its default and an
unknown one is passed over (https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
WIRE_TYPES = {bool: VARINT, int: VARINT, float: FIXED64}
SIZES = {FIXED64: 8, FIXED32: 4}
LARGEST_FIELD = 2**29 - 1
MOST_VARINT_BYTES = 10
MORE = 0x80
"""The bit of a byte that says that the number goes on."""

Kind = Any
"""What a field holds: `str`, `bool`, `int`, `float`, or a message's `Table`; a list of one, if repeated."""


class Table:
    """The fields of a message: number and kind by name."""

    def __init__(self, **fields: tuple[int, Kind]) -> None:
        self.fields = {number: (name, kind) for name, (number, kind) in fields.items()}
        self.absent = {name: absent(kind) for name, (_, kind) in fields.items()}


class Message:
    """A message; its fields are attributes."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, table: Table) -> None:
        vars(self).update(table.absent)
        self._present: set[str] = set()

    def HasField(self, name: str) -> bool:  # noqa: N802  protobuf's name
        """Whether a field was sent."""
        return name in self._present

    def put(self, name: str, value: object, *, is_repeated: bool) -> None:
        """Take a field's value.

        Raises:
            ValueError: it has one, and is not repeated; protobuf would merge them, but nobody sends that.

        """
        if name not in self._present:
            self._present.add(name)
            setattr(self, name, [value] if is_repeated else value)
        elif is_repeated:
            getattr(self, name).append(value)
        else:
            raise ValueError(f"twice: {name}")


def absent(kind: Kind) -> object:
    """Return what a field has that was not sent."""
    if isinstance(kind, Table):
        return Message(kind)
    return () if isinstance(kind, list) else kind()


USAGE = Table(cpuSeconds=(1, float), peakMemoryBytes=(2, int), readBytes=(3, int), writtenBytes=(4, int))
ENDING = Table(
    reason=(1, str),
    signal=(2, int),
    stoppedBy=(3, str),
    detail=(4, str),
    logBytes=(5, int),
    droppedBytes=(6, int),
    usage=(7, USAGE),
)
TERMINAL = Table(rows=(1, int), columns=(2, int))
OPTIONS = Table(
    environment=(1, [bytes]),  # a map, which an answer never has
    workdir=(2, str),
    timeoutSeconds=(3, float),
    stopGraceSeconds=(4, float),
    name=(5, str),
    input=(6, bool),
    terminal=(7, TERMINAL),
)
JOB = Table(
    id=(1, str),
    command=(2, str),
    args=(3, [str]),
    maxCPU=(4, int),
    maxMemory=(5, int),
    maxIOBPS=(6, int),
    status=(7, str),
    startTime=(8, str),
    endTime=(9, str),
    exitCode=(10, int),
    ending=(16, ENDING),
    pid=(17, int),
    owner=(18, str),
    options=(19, OPTIONS),
    usage=(20, USAGE),
)
JOBS = Table(jobs=(1, [JOB]))


def read_message(table: Table, sent: bytes) -> Message:
    """Return the message that was sent.

    Raises:
        ValueError: it is malformed, or in a way of its own.

    """
    message = Message(table)
    for number, wire_type, raw in raw_fields(sent):
        if number in table.fields:
            name, kind = table.fields[number]
            if isinstance(kind, list):
                message.put(name, value_of(kind[0], wire_type, raw), is_repeated=True)
            else:
                message.put(name, value_of(kind, wire_type, raw), is_repeated=False)
    return message


def value_of(kind: Kind, wire_type: int, raw: Any) -> object:
    """Return a field's value.

    Raises:
        ValueError: it is of another wire type, or its content is malformed.

    """
    if wire_type != WIRE_TYPES.get(kind, LENGTH):
        raise ValueError(f"wire type {wire_type} for {kind}")
    if isinstance(kind, Table):
        return read_message(kind, raw)
    if kind is str:
        return raw.decode()
    if kind is int:
        return raw - (1 << 64) if raw >> 63 else raw
    return struct.unpack("<d", raw)[0] if kind is float else kind(raw)


def raw_fields(sent: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield number, wire type and content of each field.

    Raises:
        ValueError: it is malformed.

    """
    position = 0
    while position < len(sent):
        tag, position = varint(sent, position)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= LARGEST_FIELD:
            raise ValueError(f"no field at byte {position}")
        if wire_type == VARINT:
            value, position = varint(sent, position)
            yield number, wire_type, value
            continue
        size = SIZES.get(wire_type)
        if size is None and wire_type == LENGTH:
            size, position = varint(sent, position)
        if size is None or position + size > len(sent):
            raise ValueError(f"malformed at byte {position}")
        yield number, wire_type, sent[position : position + size]
        position += size


def varint(sent: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length, and the position after it.

    Raises:
        ValueError: it does not end.

    """
    number = 0
    for shift in range(0, 7 * MOST_VARINT_BYTES, 7):
        if position == len(sent):
            break
        byte = sent[position]
        position += 1
        number |= (byte & ~MORE) << shift
        if not byte & MORE:
            return number, position
    raise ValueError(f"no number at byte {position}")
