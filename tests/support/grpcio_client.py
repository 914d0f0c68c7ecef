"""An independent client, run as a program: grpcio, with stubs generated from the documents' protos alone.

A program, because the spec's messages and ours have the same names, which one
process cannot have twice, and because grpcio's threads and fds are its own.

Arguments: the folder for the stubs, the address, and a JSON file with the PEM
texts. Each line of stdin is a call, `{"method": ..., "request": ..., "firstOnly": ...}`; each line of stdout
its answers, `{"answers": [...]}` or `{"code": ..., "message": ...}`.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

DEADLINE_SECONDS = 30.0
SERVICES = {
    "spec": "JobletService",
    "workerspec": "WorkerService",
    "monitoringspec": "MonitoringService",
}


@dataclass(frozen=True)
class Method:
    """One RPC: what calls it, and its request's class."""

    call: Any
    request: Any
    is_stream: bool


def generate(folder: str) -> None:
    """Write the modules of messages and stubs, to be imported from then on."""
    protos = Path(__file__).parent
    arguments = [f"-I{protos}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(["protoc", *arguments, *(f"{protos}/{name}.proto" for name in SERVICES)]):
        raise SystemExit("protoc failed")
    sys.path.insert(0, folder)


def methods_of(channel: grpc.Channel) -> dict[str, Method]:
    """Return all RPCs by name; no two of them share one."""
    methods = {}
    for proto, service in SERVICES.items():
        messages = importlib.import_module(f"{proto}_pb2")
        stub = getattr(importlib.import_module(f"{proto}_pb2_grpc"), f"{service}Stub")(channel)
        for method in messages.DESCRIPTOR.services_by_name[service].methods:
            request = GetMessageClass(method.input_type)
            methods[method.name] = Method(getattr(stub, method.name), request, method.server_streaming)
    return methods


def credentials(path: str) -> grpc.ChannelCredentials:
    """Return the client's side of mutual TLS."""
    tls = json.loads(Path(path).read_text())
    return grpc.ssl_channel_credentials(tls["ca"].encode(), tls["key"].encode(), tls["cert"].encode())


def answer(methods: dict[str, Method], call: dict[str, Any]) -> dict[str, Any]:
    """Return what a call gives."""
    method = methods[call["method"]]
    try:
        result = method.call(ParseDict(call["request"], method.request()), timeout=DEADLINE_SECONDS)
        answers = taken(result, first_only=call["firstOnly"]) if method.is_stream else [result]
    except grpc.RpcError as error:
        return {"code": error.code().name, "message": error.details()}
    return {"answers": [as_dict(message) for message in answers]}


def taken(result: Any, *, first_only: bool) -> list[Any]:
    """Return the answers of a stream, to its end or only the first."""
    if not first_only:
        return list(result)
    answers = [next(result)]
    result.cancel()
    return answers


def as_dict(message: Any) -> dict[str, Any]:
    """Return a message with every field, present or not."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)


def main() -> None:
    """Answer calls until stdin ends."""
    folder, address, tls_path = sys.argv[1:]
    generate(folder)
    with grpc.secure_channel(address, credentials(tls_path)) as channel:
        methods = methods_of(channel)
        for line in sys.stdin:
            print(json.dumps(answer(methods, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
