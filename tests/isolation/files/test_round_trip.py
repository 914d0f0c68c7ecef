"""Any tree, through a real daemon and a job's /work, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from joblet import Client, JobSpec
from support.trees import TREES, Directory, File, Link, listing, make

pytestmark = pytest.mark.isolation


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
async def test_any_tree_there_and_back(client: Client, tree: Mapping[bytes, File | Link | Directory]) -> None:
    """Through the daemon and a job's /work: content, modes, times, structure, links, names of any bytes."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.mkdir()
        make(os.fsencode(source), tree)

        job = await client.start(JobSpec("true"), folders=source)
        await client.wait(job.id)
        await client.download(job.id, target)
        await client.remove([job.id])

        assert listing(target) == listing(source)
