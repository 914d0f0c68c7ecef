"""Searching the index: conditions, order, and pages that neither repeat nor lose a job."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joblet.errors import InvalidRequestError
from joblet.job import Ending, Job, JobSpec, JobStatus, Reason
from joblet.runner import store as store_module
from joblet.runner.store import Store
from joblet.search import Search, Sort
from joblet.wire.convert import search_from_message, search_to_message
from joblet.wire.generated import joblet_pb2 as pb

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
NAMES = st.sampled_from(["", "a", "b c", "nightly", "nightly build", "ü"])
SEARCHES = st.builds(
    Search,
    statuses=st.frozensets(st.sampled_from(JobStatus)),
    name=st.sampled_from(["", "a", "nightly*", "*b*", "?", "none"]),
    since=st.none() | st.integers(0, 9).map(lambda hours: NOON + timedelta(hours=hours)),
    sort=st.sampled_from(Sort),
    is_reversed=st.booleans(),
)
KINDS = st.lists(st.tuples(NAMES, st.sampled_from(["running", "completed", "failed"])), max_size=10)


async def filled(store: Store, kinds: list[tuple[str, str]]) -> list[Job]:
    """Put jobs into a store, one an hour, and return them."""
    jobs = []
    for hours, (name, kind) in enumerate(kinds):
        at = NOON + timedelta(hours=hours)
        job, _ = await store.insert(JobSpec("true", name=name), owner="ann", at=at)
        job = job.after_start(7)
        if kind != "running":
            job = job.after_end(Ending(reason=Reason.EXITED, exit_code=int(kind == "failed")), at)
        await store.update(job)
        jobs.append(job)
    return jobs


def expected(jobs: list[Job], search: Search) -> list[Job]:
    """Return what the search should give, in plain Python."""
    keys = {
        Sort.AGE: lambda job: (int(job.id),),
        Sort.NAME: lambda job: (job.spec.name.encode(), int(job.id)),
        Sort.STATUS: lambda job: (job.status.value, int(job.id)),
    }
    found = [
        job
        for job in jobs
        if (not search.statuses or job.status in search.statuses)
        and (not search.name or fnmatchcase(job.spec.name, search.name))
        and (not search.since or job.started_at >= search.since)
    ]
    return sorted(found, key=keys[search.sort], reverse=search.is_reversed)


async def paged(store: Store, search: Search, taken: int) -> list[Job]:
    """Return what all pages give to a caller that takes only so many jobs of each."""
    found: list[Job] = []
    while page := (await store.search(search))[:taken]:
        found += page
        search = replace(search, after=search.place_of(page[-1]))
    return found


@settings(max_examples=40, deadline=None)
@given(KINDS, SEARCHES, st.integers(1, 4))
def test_pages_are_what_was_asked_for(kinds: list[tuple[str, str]], search: Search, taken: int) -> None:
    """Whatever is asked for, and however small the pages, each job comes once and in order."""

    async def compare() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with Store(Path(folder, "joblet.db")) as store:
                jobs = await filled(store, kinds)

                assert await paged(store, search, taken) == expected(jobs, search)

    asyncio.run(compare())


async def test_a_page_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index gives no more than a page at once."""
    monkeypatch.setattr(store_module, "PAGE_JOBS", 3)
    async with Store(tmp_path / "joblet.db") as store:
        await filled(store, [("", "running")] * 5)

        assert len(await store.search(Search())) == 3


@given(SEARCHES, st.sampled_from(["", "7 ", "7 nightly build"]))
def test_a_search_survives_the_wire(search: Search, after: str) -> None:
    """What is asked is what arrives."""
    asked = replace(search, after=after)

    assert search_from_message(search_to_message(asked)) == asked


@pytest.mark.parametrize(
    "message",
    [
        pb.SearchJobsReq(statuses=["DONE"]),
        pb.SearchJobsReq(since="yesterday"),
        pb.SearchJobsReq(since="0001-01-01T00:00:00+23:59"),
        pb.SearchJobsReq(since="9999-12-31T23:59:59-23:59"),
        pb.SearchJobsReq(name="*" * 1025),
        pb.SearchJobsReq(sort="size"),
        pb.SearchJobsReq(page="next"),
        pb.SearchJobsReq(page="9" * 30),
    ],
)
def test_nonsense_is_refused(message: pb.SearchJobsReq) -> None:
    """A status, a time, an order or a page that is none is an error, not an empty answer."""
    with pytest.raises(InvalidRequestError):
        search_from_message(message)
