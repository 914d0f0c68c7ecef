"""Where `rnx` starts: a quick way to what is asked most, the full program for all else.

Both are imported when they are taken: start-up time counts.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130
ESCAPE = "\x1b"


def main() -> NoReturn:
    """Run `rnx` and exit."""
    try:
        if answered_quickly():
            # Everything is written and closed; what sys.exit would clear up takes a tenth of the whole time.
            os._exit(0)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    from joblet.cli.main import main as full_program  # noqa: PLC0415  see above

    full_program()


def answered_quickly() -> bool:
    """Answer a plain question; whatever fails before there is an answer, nothing is said, and it is False."""
    from joblet.cli.quick.plain import question_of  # noqa: PLC0415  see above

    question = question_of(sys.argv[1:], os.environ) if is_plain_output() else None
    if question is None:
        return False
    try:
        from joblet.cli.quick.answer import text_of  # noqa: PLC0415  see above

        text = text_of(question)
    except Exception:  # noqa: BLE001  the full program fails too, and says why
        return False
    return show(text)


def is_plain_output() -> bool:
    """Whether text can simply be written to stdout; where not, click has its ways, in the full program."""
    encoding = getattr(sys.stdout, "encoding", "")  # there may be no stdout
    return sys.platform != "win32" and encoding.lower() == "utf-8" and "_RNX_COMPLETE" not in os.environ


def show(text: str) -> bool:
    """Write an answer, unless click would change it."""
    from joblet.cli.render import NO_JOBS  # noqa: PLC0415  see above

    if ESCAPE in text:
        return False
    try:
        print(text or NO_JOBS, file=sys.stdout if text else sys.stderr, flush=True)
    except OSError as error:
        fail(error)
    return True


def fail(error: OSError) -> NoReturn:
    """End as the full program does that cannot write; it must not try, for some of the answer is written."""
    from joblet.cli.main import rnx  # noqa: PLC0415  see above
    from joblet.cli.program import code_after, leave  # noqa: PLC0415  see above

    leave(code_after(error, rnx))
