"""spec.json: what was asked, by whom and when, as it lies in a job's directory.

It is the `Job` as it was accepted, in the form of `job.py`'s values. The index
can be rebuilt from these files, so every later version reads them: fields are
added with a default, never renamed.
"""

from __future__ import annotations

import msgspec

from joblet.errors import JobletError
from joblet.job import Job


def encode_spec(job: Job) -> bytes:
    """Return the text of an accepted job's spec.json."""
    return msgspec.json.format(msgspec.json.encode(job), indent=2)


def decode_spec(text: bytes) -> Job | None:
    """Return the job as it was accepted, None if the text is damaged."""
    try:
        return msgspec.json.decode(text, type=Job)
    except (msgspec.DecodeError, JobletError):
        return None
