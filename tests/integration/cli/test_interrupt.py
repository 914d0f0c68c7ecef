"""Ctrl-C, at the worst moment for it."""

from __future__ import annotations

import sys
from dataclasses import replace

from support.programs import Program

WAITING_BEHIND_ANOTHER_THREAD = """
import asyncio, os, signal, threading
from joblet.cli.calling import call
from joblet.configfile.client import Choice

async def wait(client):
    has_begun = threading.Event()
    threading.Thread(target=lambda: has_begun.set() or threading.Event().wait(), daemon=True).start()
    has_begun.wait()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()

try:
    call(Choice(), wait)
except KeyboardInterrupt:
    print("interrupted")
"""


async def test_a_signal_that_interrupts_no_wait_is_seen_at_once(rnx: Program) -> None:
    """A signal to another thread, or just before the wait for events, interrupts nothing, and is seen."""
    python = replace(rnx, name=sys.executable)

    outcome = await python.run("-c", WAITING_BEHIND_ANOTHER_THREAD)

    assert outcome.out == b"interrupted\n", outcome.err
