"""The gRPC APIs, from the protos and their comments."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

PROTOS = Path(__file__).parents[2] / "proto"
PACKAGE = Path("joblet/wire/generated")
"""Where the protos' imports of each other look for them: see proto/modules.py."""
INTRODUCTION = """\
# API reference

Generated from [proto/](../../proto) by `make docs`. gRPC over HTTP/2, TLS 1.3 with `TLS_AES_256_GCM_SHA384`,
client certificates; the certificate's organizational unit (OU) is the role. Fields from 16 on are extensions:
a client built without them never notices them.
"""

# Field numbers of descriptor.proto: where SourceCodeInfo says that a comment belongs.
MESSAGES, SERVICES, FIELDS, METHODS = 4, 6, 2, 2


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(section for file in read_protos() for section in sections(file))])


def read_protos() -> Sequence[FileDescriptorProto]:
    """Return the protos of this repository, with their comments."""
    names = [str(PACKAGE / path.name) for path in sorted(PROTOS.glob("*.proto"))]
    with tempfile.TemporaryDirectory(prefix="joblet-docs-") as folder:
        output = Path(folder, "set")
        command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PACKAGE}={PROTOS}"]
        command += [f"--descriptor_set_out={output}", "--include_source_info", *names]
        subprocess.run(command, check=True)  # noqa: S603  the command is built here
        return FileDescriptorSet.FromString(output.read_bytes()).file


def sections(file: FileDescriptorProto) -> Iterator[str]:
    """Yield the sections of one proto: its services, then its messages."""
    comments = Comments(file)
    for number, service in enumerate(file.service):
        yield f"## {file.package}.{service.name}\n"
        yield service_table(service, comments, (SERVICES, number))
    for number, message in enumerate(file.message_type):
        yield from message_section(message, comments, (MESSAGES, number), title=f"### {message.name}")


def service_table(service: ServiceDescriptorProto, comments: Comments, path: tuple[int, ...]) -> str:
    """Return a service's calls."""
    lines = ["| call | takes | returns | |", "|---|---|---|---|"]
    for number, method in enumerate(service.method):
        returns = (
            f"stream of {plain(method.output_type)}" if method.server_streaming else plain(method.output_type)
        )
        takes = (
            f"stream of {plain(method.input_type)}" if method.client_streaming else plain(method.input_type)
        )
        lines.append(f"| `{method.name}` | {takes} | {returns} | {comments.of((*path, METHODS, number))} |")
    return "\n".join(lines) + "\n"


def message_section(
    message: DescriptorProto, comments: Comments, path: tuple[int, ...], *, title: str
) -> Iterator[str]:
    """Yield a message's title, comment and fields."""
    yield f"{title}\n"
    if comment := comments.of(path):
        yield f"{comment}\n"
    if message.field:
        lines = ["| number | field | type | |", "|---|---|---|---|"]
        for number, field in enumerate(message.field):
            kind, comment = type_of(field, message), comments.of((*path, FIELDS, number))
            lines.append(f"| {field.number} | `{field.name}` | {kind} | {comment} |")
        yield "\n".join(lines) + "\n"


def type_of(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    """Return a field's type as a proto writes it."""
    for nested in message.nested_type:
        if nested.options.map_entry and field.type_name.endswith(f".{nested.name}"):
            key, value = (type_of(entry, nested) for entry in nested.field)
            return f"map of {key} to {value}"
    name = plain(field.type_name) or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    return f"optional {name}" if field.proto3_optional else name


def plain(type_name: str) -> str:
    """Return a message's name without its package."""
    return type_name.rpartition(".")[2]


class Comments:
    """The comments of one proto, by the path of what they belong to."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._locations = {tuple(location.path): location for location in file.source_code_info.location}

    def of(self, path: tuple[int, ...]) -> str:
        """Return the comment before or beside something, on one line."""
        location = self._locations.get(path)
        if location is None:
            return ""
        text = f"{location.leading_comments} {location.trailing_comments}"
        return " ".join(text.split()).replace("|", "\\|")
