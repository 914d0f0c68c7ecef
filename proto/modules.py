"""The modules of src/joblet/wire/generated, as the protos in this folder say them.

The output depends on the generators' versions, so pyproject.toml pins them.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROTOS = Path(__file__).parent
SOURCES = Path("src")
PACKAGE = Path("joblet/wire/generated")
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_grpc.py")


def files() -> Mapping[str, str | None]:
    """Return the text of each module by its path, None for one that has no proto any more.

    Raises:
        subprocess.CalledProcessError: protoc found an error and has printed it.

    """
    committed = PROTOS.parent / SOURCES / PACKAGE
    gone: dict[str, str | None] = {
        str(SOURCES / PACKAGE / path.name): None for path in committed.iterdir() if is_generated(path)
    }
    with tempfile.TemporaryDirectory(prefix="joblet-proto-") as temporary:
        generate(Path(temporary))
        written = (Path(temporary) / PACKAGE).iterdir()
        return gone | {
            str(SOURCES / PACKAGE / path.name): path.read_text(encoding="utf-8") for path in written
        }


def generate(output: Path) -> None:
    """Write the generated modules below `output`, in the folders of their package.

    The protos are mapped to the package's path because protoc derives the
    modules' names, and the imports between them, from the paths it is given.

    Raises:
        subprocess.CalledProcessError: protoc found an error and has printed it.

    """
    plugin = Path(sysconfig.get_path("scripts")) / "protoc-gen-grpclib_python"
    command = [
        *(sys.executable, "-m", "grpc_tools.protoc"),
        f"--proto_path={PACKAGE}={PROTOS}",
        f"--plugin={plugin}",
        *(f"--{language}_out={output}" for language in ("python", "pyi", "grpclib_python")),
        *(str(PACKAGE / proto.name) for proto in sorted(PROTOS.glob("*.proto"))),
    ]
    subprocess.run(command, check=True)  # noqa: S603  the command is built here


def is_generated(path: Path) -> bool:
    """Whether protoc wrote this file, by its name."""
    return path.name.endswith(SUFFIXES)
