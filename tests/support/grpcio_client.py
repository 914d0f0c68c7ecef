"""An independent client, run as a program: grpcio, with stubs generated from spec.proto alone.

A program, because the spec's messages and ours have the same names, which one
process cannot have twice, and because grpcio's threads and fds are its own.

Arguments: the folder for the stubs, the address, and a JSON file with the PEM
texts. Each line of stdin is a call, `{"method": ..., "request": ...}`; each line of stdout its
answers, `{"answers": [...]}` or `{"code": ..., "message": ...}`.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_tools import protoc

DEADLINE_SECONDS = 30.0


def generate(folder: str) -> tuple[Any, Any]:
    """Return the modules of messages and stubs."""
    proto = Path(__file__).with_name("spec.proto")
    arguments = [f"-I{proto.parent}", f"--python_out={folder}", f"--grpc_python_out={folder}", str(proto)]
    if protoc.main(["protoc", *arguments]):
        raise SystemExit("protoc failed")
    sys.path.insert(0, folder)
    return importlib.import_module("spec_pb2"), importlib.import_module("spec_pb2_grpc")


def credentials(path: str) -> grpc.ChannelCredentials:
    """Return the client's side of mutual TLS."""
    tls = json.loads(Path(path).read_text())
    return grpc.ssl_channel_credentials(tls["ca"].encode(), tls["key"].encode(), tls["cert"].encode())


def answer(messages: Any, stub: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Return what a call gives."""
    method = messages.DESCRIPTOR.services_by_name["JobletService"].methods_by_name[call["method"]]
    request = ParseDict(call["request"], getattr(messages, method.input_type.name)())
    try:
        result = getattr(stub, method.name)(request, timeout=DEADLINE_SECONDS)
        answers = list(result) if method.server_streaming else [result]
    except grpc.RpcError as error:
        return {"code": error.code().name, "message": error.details()}
    return {"answers": [as_dict(message) for message in answers]}


def as_dict(message: Any) -> dict[str, Any]:
    """Return a message with every field, present or not."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)


def main() -> None:
    """Answer calls until stdin ends."""
    folder, address, tls_path = sys.argv[1:]
    messages, services = generate(folder)
    with grpc.secure_channel(address, credentials(tls_path)) as channel:
        stub = services.JobletServiceStub(channel)
        for line in sys.stdin:
            print(json.dumps(answer(messages, stub, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
