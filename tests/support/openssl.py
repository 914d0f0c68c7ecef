"""`openssl s_client`: a TLS client that shares no code with ours."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from joblet.config import TlsConfig


async def s_client(port: int, tls: TlsConfig, folder: Path, *options: str) -> str:
    """Return what it says about a connection to the loopback with this certificate."""
    pem = folder / "client.pem"
    pem.write_text(tls.cert + tls.key)
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-cert", str(pem), *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "OPENSSL_CONF": "/dev/null"},
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")
