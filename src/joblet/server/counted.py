"""Counts the bytes of a stream's messages where they are made and read: in its codec."""

from __future__ import annotations

from typing import Any

from grpclib.encoding.base import CodecBase
from grpclib.server import Stream

from joblet.server.meter import Meter


class CountingCodec(CodecBase):
    """Another codec, whose bytes are counted for a method."""

    __content_subtype__ = "proto"

    def __init__(self, codec: CodecBase, meter: Meter, method: str) -> None:
        self._codec = codec
        self._sent = meter.streamed(method, "sent")
        self._received = meter.streamed(method, "received")

    def encode(self, message: Any, message_type: Any) -> bytes:
        """Return the bytes of a message."""
        encoded = self._codec.encode(message, message_type)
        self._sent(len(encoded))
        return encoded

    def decode(self, data: bytes, message_type: Any) -> Any:
        """Return the message in some bytes."""
        self._received(len(data))
        return self._codec.decode(data, message_type)


def count_bytes(stream: Stream[Any, Any], meter: Meter, method: str) -> None:
    """Count a call's messages from now on."""
    stream._codec = CountingCodec(stream._codec, meter, method)  # noqa: SLF001  grpclib has no hook for it
