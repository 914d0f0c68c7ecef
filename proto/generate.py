"""Writes src/joblet/wire/generated from the protos in this folder (`make proto`).

`--check` writes to a temporary folder instead and fails, with the names of the
files that differ, when what is committed is not what the protos say. The output
depends on the generators' versions, so pyproject.toml pins them.
"""

from __future__ import annotations

import argparse
import filecmp
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

PROTOS = Path(__file__).parent
SOURCES = PROTOS.parent / "src"
PACKAGE = Path("joblet/wire/generated")
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_grpc.py")


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


def stale_files(expected: Path, actual: Path) -> list[str]:
    """Return the names of generated files that differ, are missing, or have no proto any more."""
    names = {path.name for folder in (expected, actual) for path in folder.iterdir() if is_generated(path)}
    _, different, unreadable = filecmp.cmpfiles(expected, actual, names, shallow=False)
    return sorted(different + unreadable)


def is_generated(path: Path) -> bool:
    """Whether protoc wrote this file, by its name."""
    return path.name.endswith(SUFFIXES)


def write() -> None:
    """Replace what is in the package by what the protos say."""
    for path in filter(is_generated, (SOURCES / PACKAGE).iterdir()):
        path.unlink()
    generate(SOURCES)


def check() -> int:
    """Return the exit status of `--check`: 1 if a committed file is stale."""
    with tempfile.TemporaryDirectory(prefix="joblet-proto-") as temporary:
        generate(Path(temporary))
        stale = stale_files(temporary / PACKAGE, SOURCES / PACKAGE)
    for name in stale:
        print(f"stale: {PACKAGE / name} (run `make proto`)", file=sys.stderr)  # noqa: T201  its report
    return 1 if stale else 0


def main() -> int:
    """Write or check, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a committed file is stale")
    if parser.parse_args().check:
        return check()
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
