"""Attempts that come to nothing, and when the next one follows."""

import math
from typing import Any

import pytest

from coatcheck import Fail, Job, Retry
from coatcheck.domain.event import EventType
from coatcheck.domain.retry import Backoff
from coatcheck.domain.state import Status
from coatcheck.testing.clock import FakeClock
from tests.worker.site import Site


async def test_a_failure_is_tried_again_after_the_backoff(timed: Site, clock: FakeClock) -> None:
    @timed.jobs.operation("/flaky", retries=2, backoff=Backoff(base=10, cap=10))
    async def flaky(job: Job) -> int:
        if job.attempt < 3:
            raise ValueError(f"attempt {job.attempt}")
        return job.attempt

    handle = await flaky.submit()
    worker = await timed.work()
    for attempt in (1, 2):
        await timed.signals.told("job.retrying", job=handle.id, count=attempt)
        job = await handle.job()
        assert (job.status, job.attempt, job.failures, job.error) == (Status.QUEUED, attempt, attempt, None)
        assert clock.now() <= job.not_before <= clock.now() + 10
        clock.advance(10)
        await worker.turn()
    assert await handle.result() == 3
    assert (await handle.job()).failures == 2
    failed = await timed.events(handle, EventType.ATTEMPT_FAILED)
    assert [event.reason for event in failed] == ["attempt 1", "attempt 2"]


async def test_the_last_failure_fails_the_job_and_says_what_was_raised(site: Site) -> None:
    @site.jobs.operation("/broken", retries=2, backoff=Backoff(base=0.001))
    def broken() -> None:
        raise ValueError("no such month")

    handle = await broken.submit()
    await site.work()
    problem = await site.failure(handle)
    assert (problem.kind, problem.title, problem.status, problem.detail) == (
        "operation-failed",
        "The operation raised ValueError",
        500,
        "no such month",
    )
    job = await handle.job()
    assert (job.attempt, job.failures) == (3, 3)


async def test_without_retries_the_first_failure_is_the_last(site: Site) -> None:
    @site.jobs.operation("/broken")
    async def broken() -> None:
        raise ValueError("no such month")

    handle = await broken.submit()
    await site.work()
    await site.failure(handle)
    assert (await handle.job()).attempt == 1
    assert isinstance((await site.signals.told("job.failed"))["error"], ValueError)


async def test_a_function_can_say_when_to_try_again(timed: Site, clock: FakeClock) -> None:
    @timed.jobs.operation("/bank", retries=1)
    def transfer(job: Job) -> str:
        if job.attempt == 1:
            raise Retry("the bank is closed", after=3600)
        return "done"

    handle = await transfer.submit()
    worker = await timed.work()
    await timed.signals.told("job.retrying", job=handle.id)
    assert (await handle.job()).not_before == clock.now() + 3600
    (event,) = await timed.events(handle, EventType.ATTEMPT_FAILED)
    assert event.reason == "the bank is closed"
    clock.advance(3600)
    await worker.turn()
    assert await handle.result() == "done"


async def test_asking_for_another_attempt_when_none_is_left_fails_the_job(site: Site) -> None:
    @site.jobs.operation("/bank")
    def transfer() -> None:
        raise Retry("the bank is closed", after=3600)

    handle = await transfer.submit()
    await site.work()
    assert (await site.failure(handle)).detail == "the bank is closed"


@pytest.mark.parametrize("after", [-1, math.nan, math.inf])
def test_a_delay_that_no_store_could_keep_is_refused_where_it_is_said(after: float) -> None:
    with pytest.raises(ValueError, match="a number of seconds"):
        Retry(after=after)


async def test_a_function_can_give_up_whatever_retries_are_left(site: Site) -> None:
    @site.jobs.operation("/pay", retries=9)
    async def pay() -> None:
        raise Fail(status=422, title="Account closed", detail="Since May.", type="https://bank.example/closed", account="A-17")

    handle = await pay.submit()
    await site.work()
    problem = await site.failure(handle)
    assert (problem.status, problem.title, problem.detail) == (422, "Account closed", "Since May.")
    assert (problem.kind, problem.members) == ("https://bank.example/closed", {"account": "A-17"})
    assert (await handle.job()).attempt == 1


class Opaque:
    """Has no JSON form."""


@pytest.mark.parametrize("member", [Opaque(), math.nan, "\ud800", {1: {2: Opaque()}}], ids=["object", "nan", "surrogate", "nested"])
async def test_a_failure_with_members_that_cannot_be_stored_is_still_that_failure(site: Site, member: Any) -> None:
    """Else the job would stay running until its lease was over, and then run again."""

    @site.jobs.operation("/pay")
    def pay() -> None:
        raise Fail(status=409, title="Account closed", odd=member)

    handle = await pay.submit()
    await site.work()
    problem = await site.failure(handle)
    assert (problem.status, problem.title) == (409, "Account closed")
    assert list(problem.members) == ["membersDropped"]


async def test_an_exception_given_where_text_belongs_is_taken_by_its_text(site: Site) -> None:
    @site.jobs.operation("/pay")
    def pay() -> None:
        raise Fail(title=ValueError("closed"), detail=KeyError("A-17"))

    @site.jobs.operation("/later")
    def later() -> None:
        raise Retry(OSError("the bank is closed"))

    handles = [await pay.submit(), await later.submit()]
    await site.work()
    first, second = [await site.failure(handle) for handle in handles]
    assert (first.title, first.detail, second.detail) == ("closed", "'A-17'", "the bank is closed")


async def test_a_job_retried_by_hand_has_its_whole_budget_again(site: Site) -> None:
    @site.jobs.operation("/flaky", retries=1, backoff=Backoff(base=0.001))
    def flaky(job: Job) -> int:
        if job.attempt < 4:
            raise ValueError
        return job.attempt

    handle = await flaky.submit()
    await site.work()
    await site.failure(handle)
    again = await site.jobs.wiring.jobs.retry(handle.id, "everyone", actor="everyone")
    assert (again.status, again.failures, again.error) == (Status.QUEUED, 0, None)
    assert await handle.result() == 4
