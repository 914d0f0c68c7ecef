"""`rnx list`'s filters: what reaches the server, and pages that the caller never sees."""

from __future__ import annotations

import pytest

from joblet.errors import MessageTooLargeError
from joblet.job import JobSpec
from joblet.wire.generated import joblet_pb2 as pb
from support.fakeservice import FakeService
from support.programs import Program


async def test_all_jobs_are_one_call_of_the_api(rnx: Program, service: FakeService) -> None:
    """Without filters nothing is asked that a server of the API alone does not know."""
    await rnx.run("list")

    assert service.requests == [pb.EmptyRequest()]


async def test_filters_are_the_server_s(rnx: Program, service: FakeService) -> None:
    """Each filter is in the request, and all pages are shown."""
    for _ in range(3):
        service.add(JobSpec("true"))
    words = ["--status=failed", "--status=STOPPED", "--name=night*", "--since=2024-01-15T10:30:00+01:00"]

    outcome = await rnx.run("list", *words, "--sort=name", "--reverse")

    assert service.requests[0] == pb.SearchJobsReq(
        statuses=["FAILED", "STOPPED"],
        name="night*",
        since="2024-01-15T09:30:00Z",
        sort="name",
        reversed=True,
    )
    assert [line.split()[0] for line in outcome.out.decode().splitlines()] == ["1", "2", "3"]


async def test_a_limit(rnx: Program, service: FakeService) -> None:
    """No more pages are asked for than are shown."""
    for _ in range(9):
        service.add(JobSpec("true"))

    outcome = await rnx.run("list", "-n", "2")

    assert outcome.out.count(b"\n") == 2
    assert len(service.requests) <= 3


async def test_more_jobs_than_a_message_holds(rnx: Program, service: FakeService) -> None:
    """If all jobs are too many for one message they come in pages."""
    service.add(JobSpec("true"))
    service.list_error = MessageTooLargeError(5, 4)

    outcome = await rnx.run("list")

    assert (outcome.code, outcome.out.count(b"\n")) == (0, 1)


@pytest.mark.parametrize("words", [["--status=DONE"], ["--since=tomorrow"], ["--sort=size"], ["-n", "-1"]])
async def test_malformed_filters(rnx: Program, service: FakeService, words: list[str]) -> None:
    """A filter that is none is wrong usage, and nothing is asked."""
    outcome = await rnx.run("list", *words)

    assert (outcome.code, outcome.err.count("\n"), service.requests) == (2, 1, [])
