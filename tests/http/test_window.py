"""Synchronous when fast: a request whose job ends while the answer is held back is answered with the result."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck.app import Coatcheck
from coatcheck.domain.created import CREATED
from coatcheck.domain.outcome import Failed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.store.contract import Listing
from coatcheck.testing.harness import eventually
from tests.http.site import BROKEN, Site, assert_problem, running, stored

LONG = {"Prefer": "wait=25"}


def created(body: bytes) -> Result:
    return Result(media_type=CREATED, size=len(body), digest="c" * 64, body=body)


def register(jobs: Coatcheck) -> None:
    @jobs.operation("/quick", sync_window=0.01)
    def quick(text: str) -> str:
        return text

    @jobs.operation("/patient", sync_window=25)
    def patient(text: str) -> str:
        return text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running(tmp_path, also=register) as site:
        yield site


async def accepted(site: Site, posting: asyncio.Task[httpx2.Response]) -> str:
    """The job that a request under way has led to: durable before the wait."""
    while not (jobs := await site.store.list(SYSTEM, Listing())):
        assert not posting.done()
        await asyncio.wait((posting,), timeout=0.005)
    return jobs[0].id


def posting(site: Site, path: str = "/echo", **options: Any) -> asyncio.Task[httpx2.Response]:
    return asyncio.create_task(site.api.post(path, json={"text": "hello"}, **options))


async def test_a_job_that_ends_meanwhile_is_answered_with_its_result(site: Site) -> None:
    """As GET …/result would answer, with a link to the status; there is no Location, for nothing has to be looked up."""
    request = posting(site, headers=LONG)
    job_id = await accepted(site, request)
    await site.complete(job_id, {"pages": 3})
    answer = await request
    assert (answer.status_code, answer.json()) == (200, {"pages": 3})
    assert answer.headers["link"] == f'</jobs/{job_id}>; rel="status"'
    assert answer.headers["preference-applied"] == "wait=25"
    assert answer.headers["vary"] == "Prefer"
    assert "location" not in answer.headers
    result = await site.api.get(f"/jobs/{job_id}/result")
    assert result.content == answer.content
    for name in ("content-type", "etag", "cache-control", "x-content-type-options"):
        assert result.headers[name] == answer.headers[name]


async def test_a_file_is_answered_whole(site: Site) -> None:
    """A range that was asked for is one of the request's own body, not of what comes of it."""
    request = posting(site, headers={**LONG, "Range": "bytes=0-1", "If-None-Match": "*"})
    await site.complete(await accepted(site, request), result=site.file_result(b"a,b\n1,2\n"))
    answer = await request
    assert (answer.status_code, answer.content) == (200, b"a,b\n1,2\n")
    assert answer.headers["content-disposition"] == 'attachment; filename="report.csv"'


async def test_a_resource_is_answered_by_303(site: Site) -> None:
    request = posting(site, headers=LONG)
    await site.complete(await accepted(site, request), result=created(b'{"url":"/reports/7","body":null}'))
    answer = await request
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports/7")
    assert 'rel="status"' in answer.headers["link"]


async def test_a_failure_is_answered_with_its_problem(site: Site) -> None:
    request = posting(site, headers=LONG)
    job_id = await accepted(site, request)
    await site.store.settle(await site.claim(job_id), Failed(BROKEN))
    answer = await request
    assert assert_problem(answer, 502, "operation-failed")["detail"] == "no such month"
    assert answer.headers["link"] == f'</jobs/{job_id}>; rel="status"'


async def test_a_cancelled_job_is_a_conflict(site: Site) -> None:
    request = posting(site, headers=LONG)
    job_id = await accepted(site, request)
    assert (await site.api.delete(f"/jobs/{job_id}")).status_code == 204
    assert_problem(await request, 409, "job-cancelled")


async def test_a_job_that_takes_longer_is_answered_as_ever(site: Site) -> None:
    answer = await posting(site, "/quick", headers={"Prefer": "foo=bar"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"] == answer.json()["statusUrl"]
    assert answer.headers["vary"] == "Prefer"
    assert "preference-applied" not in answer.headers, "the window is the operation's own"


@pytest.mark.parametrize("prefer", ["respond-async", "Respond-Async; x=1", "wait=0"])
async def test_a_client_that_would_rather_not_wait_does_not(site: Site, prefer: str) -> None:
    """Else the answer would come once the job has ended, with its result."""
    request = posting(site, "/patient", headers={"Prefer": prefer})
    job_id = await accepted(site, request)
    await asyncio.wait((request,), timeout=10)
    if not request.done():
        await site.complete(job_id)
    answer = await request
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["preference-applied"] == prefer.partition(";")[0].lower()


async def test_one_that_would_rather_not_wait_for_longer_than_some_seconds_says_both(site: Site) -> None:
    answer = await site.api.post("/echo", json={"text": "x"}, headers={"Prefer": "respond-async, wait=1"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async, wait=1")


async def test_a_replay_is_answered_likewise(site: Site) -> None:
    key = {"Idempotency-Key": "k"}
    job_id = await site.submit(headers=key)
    replay = posting(site, headers={**key, **LONG})
    await site.complete(job_id, {"pages": 3})
    answers = [await replay, await posting(site, headers={**key, **LONG})]
    for answer in answers:
        assert (answer.status_code, answer.json()) == (200, {"pages": 3})
        assert answer.headers["idempotency-replayed"] == "true"
    without = await posting(site, headers=key)
    assert (without.status_code, without.json()["jobId"]) == (200, job_id)
    assert await stored(site) == 1


async def test_a_client_that_goes_cancels_nothing_and_is_waited_with_no_longer(site: Site) -> None:
    held = site.jobs.wiring.held
    request = posting(site, headers=LONG)
    job_id = await accepted(site, request)
    await asyncio.to_thread(eventually, lambda: held._waiting)
    request.cancel()
    await asyncio.wait((request,))
    await asyncio.to_thread(eventually, lambda: not held._waiting)
    [job] = await site.store.list(SYSTEM, Listing())
    assert (job.id, job.status) == (job_id, Status.QUEUED)
