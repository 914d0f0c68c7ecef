"""What the client half imports: late, and nothing that only Linux has."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from joblet.admin.cert import Credential
from joblet.admin.template import rnx_config

CERT = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = CERT.replace("CERTIFICATE", "PRIVATE KEY")

HEAVY = ("asyncio", "ssl", "grpclib", "google.protobuf", "h2", "yaml", "cryptography", "msgspec", "structlog")

LINUX_ONLY = ("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "uvloop")

WITHOUT_LINUX = f"""
import sys
# They need some of these themselves where there is Linux.
import asyncio, ssl, subprocess, tempfile, click, yaml, grpclib.client, google.protobuf.internal.builder

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LINUX_ONLY!r}:
            raise ImportError(f"{{name}} is not on this platform")

for name in {LINUX_ONLY!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Absent())
sys.platform = "darwin"
"""

NODE = """
from joblet.testing.authority import Authority
from joblet import Client, Node
import os
del os.memfd_create
Client(Node(address="localhost:1", tls=Authority().client("admin")))
"""


def python(code: str) -> str:
    """Run code in an interpreter of its own; return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported_by(*arguments: str, program: str = "joblet.cli.main:rnx") -> set[str]:
    module, _, name = program.partition(":")
    code = f"""
import json, sys
from {module} import {name}
from joblet.cli.program import exit_code
code = exit_code({name}, {list(arguments)!r})
print("\\n" + json.dumps([code, sorted(sys.modules)]))
"""
    code_number, modules = json.loads(python(code).splitlines()[-1])
    assert code_number == 0
    return set(modules)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["log", "--help"], ["monitor", "watch", "--help"], ["stats", "--help"]],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Help is shown without an event loop, TLS, gRPC or YAML."""
    assert imported_by(*arguments).isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["start", "--help"], ["output", "--help"]])
def test_the_second_programs_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """`job-worker` shows its help as lightly as `rnx` does."""
    modules = imported_by(*arguments, program="joblet.cli.worker.main:job_worker")

    assert modules.isdisjoint(HEAVY)


def test_a_verb_loads_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    """Using one verb imports that one's module only."""
    modules = imported_by("status", "--help")

    assert "joblet.cli.status" in modules
    assert modules.isdisjoint({"joblet.cli.run", "joblet.cli.list", "joblet.cli.stop", "joblet.cli.log"})


def test_a_plain_file_needs_no_yaml(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `joblet init` writes is read without a YAML parser."""
    config = tmp_path_factory.mktemp("rnx") / "rnx-config.yml"
    config.write_text(rnx_config("localhost:1", CERT, {"default": Credential(cert=CERT, key=KEY)}))

    assert imported_by("--config", str(config), "nodes").isdisjoint(HEAVY)


def test_nodes_needs_no_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`rnx nodes` reads a file and loads nothing that calls a server."""
    config = tmp_path_factory.mktemp("rnx") / "rnx-config.yml"
    config.write_text("nodes: {}")

    modules = imported_by("--config", str(config), "nodes")

    assert modules.isdisjoint(set(HEAVY) - {"yaml"})


@pytest.mark.parametrize(
    "module",
    [
        "joblet",
        "joblet.client",
        "joblet.workerclient",
        "joblet.configfile.client",
        *(f"joblet.{name}" for name in ("sync", "running", "executor", "nodes", "place")),
        *(
            f"joblet.cli.{name}"
            for name in (
                *("main", "run", "status", "list", "stop", "log", "wait", "explain", "rm", "nodes"),
                *("aside", "foreground", "input", "interact", "keyboard"),
                *("quick.answer", "start", "attach", "completion", "download", "jobtable", "life", "output"),
                *("plot", "progress", "schema", "stats", "terminal", "version"),
            )
        ),
        *(
            f"joblet.cli.monitor.{name}"
            for name in ("main", "status", "top", "watch", "answers", "pages", "schema")
        ),
        *(f"joblet.cli.worker.{name}" for name in ("main", "start", "stop", "status", "output")),
    ],
)
def test_the_client_half_imports_where_there_is_no_linux(module: str) -> None:
    """Each module of the client half is imported with Linux's own modules absent."""
    python(f"{WITHOUT_LINUX}\nimport {module}\nimport joblet.wire.status")


def test_a_client_is_made_where_there_is_no_linux() -> None:
    """Certificates are loaded without `memfd_create`, which only Linux has."""
    python(NODE.replace("import os\n", f"import os\n{WITHOUT_LINUX}"))
