"""Node.js for the client that runs on it: is it here, and are its packages?

They are installed once, from the lock file beside the client, into a folder
that is named after that file's content: a changed lock file is a new folder,
and a folder that exists is complete.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

CLIENT = Path(__file__).with_name("grpcjs") / "client.js"
MANIFESTS = [CLIENT.with_name(name) for name in ("package.json", "package-lock.json")]
FOLDERS = Path(__file__).parents[2] / "build" / "node"
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
INSTALL_SECONDS = 100.0


def has_node() -> bool:
    """Whether this host has Node.js and its installer at all."""
    return bool(shutil.which("node") and shutil.which("npm"))


def modules_path() -> Path:
    """Return where the client's packages are, or will be."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in MANIFESTS)).hexdigest()
    return FOLDERS / digest[:16] / "node_modules"


@functools.cache
def why_no_packages() -> str:
    """Install the packages unless they are; return why that failed, "" if it did not."""
    target = modules_path().parent
    if target.exists():
        return ""
    FOLDERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDERS) as temporary:
        for path in MANIFESTS:
            shutil.copy(path, temporary)
        try:
            subprocess.run(
                INSTALL, cwd=temporary, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
            )
        except subprocess.CalledProcessError as error:
            return f"npm ci failed: {error.stderr.strip()}"
        except subprocess.TimeoutExpired:
            return f"npm ci did not end within {INSTALL_SECONDS:g} s"
        Path(temporary).rename(target)  # and leaves nothing for the block to remove
    return ""
