"""`manual`: nothing runs until the test says so, and time passes when the test says so."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from coatcheck.clock import SystemClock
from coatcheck.errors import JobCancelled, JobExpired, JobFailed, ResultNotReady
from coatcheck.testing import NothingDue, manual
from tests.testing.shop import OutOfStock, Shop, outcome


async def test_a_job_stays_queued_until_the_test_has_it_run(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.price.submit("tea")
        assert await handle.status() == "queued"
        attempt = await kit.run()
        assert (attempt.status, attempt.job.id, attempt.error) == ("completed", handle.id, None)
        assert await outcome(handle) == (3, 99)


async def test_one_attempt_is_made_at_a_time_the_oldest_job_first(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        for item in ("a", "b", "c"):
            await shop.price.submit(item)
        await kit.run()
        assert shop.noted == ["a"]
        await kit.run()
        assert shop.noted == ["a", "b"]


async def test_where_nothing_is_due_the_test_is_told_what_is_queued_for_later(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        with pytest.raises(NothingDue, match="later: none"):
            await kit.run()
        await shop.price.options(delay=90).submit("tea")
        with pytest.raises(NothingDue, match="price in 90 s"):
            await kit.run()


async def test_an_attempt_that_failed_says_so_and_what_was_raised(shop: Shop) -> None:
    shop.failures = 1
    async with manual(shop.jobs) as kit:
        handle = await shop.deliver.submit("tea")
        attempt = await kit.run()
        assert attempt.status == "queued"
        assert isinstance(attempt.error, OutOfStock)
        with pytest.raises(NothingDue, match="deliver in"):
            await kit.run()
        kit.clock.advance(3600)
        assert (await kit.run()).status == "completed"
        assert (await handle.job()).attempt == 2


async def test_draining_makes_all_attempts_retries_included(shop: Shop) -> None:
    shop.failures = 2
    async with manual(shop.jobs) as kit:
        await shop.price.submit("a")
        await shop.deliver.submit("b")
        attempts = await kit.drain()
        assert sorted(attempt.status for attempt in attempts) == ["completed", "completed", "queued", "queued"]
        assert len(attempts) == 4
        assert await kit.drain() == []


async def test_draining_runs_what_jobs_submit(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        await shop.announce.submit(["a", "b"])
        assert [attempt.job.operation for attempt in await kit.drain()] == ["announce", "price", "price"]


async def test_draining_leaves_what_is_to_come_later(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.price.options(delay=3600).submit("tea")
        assert await kit.drain() == []
        kit.clock.advance(3599)
        assert await kit.drain() == []
        kit.clock.advance(1)
        assert len(await kit.drain()) == 1
        assert await handle.status() == "completed"


async def test_nobody_waits_for_a_job_that_nobody_runs(shop: Shop) -> None:
    async with manual(shop.jobs):
        handle = await shop.price.submit("tea")
        with pytest.raises(ResultNotReady):
            await handle.result()


async def test_a_job_that_is_being_run_is_waited_for(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.wait_for_it.submit()
        running = asyncio.ensure_future(kit.run())
        await asyncio.to_thread(shop.started.wait)
        waiting = asyncio.ensure_future(handle.result())
        assert await handle.status() == "running"
        shop.go_on.set()
        assert await waiting == "gone on"
        await running


async def test_a_function_that_waits_for_another_job_has_it_run(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.basket.submit(["a", "bb"])
        attempts = await kit.drain()
        assert await outcome(handle) == [[1, 99], [2, 99]]
        assert [attempt.job.operation for attempt in attempts] == ["basket", "price", "price"]
        assert shop.noted == ["a", "bb"], "in their order, though the last is asked for first"


async def test_a_failure_is_chained_to_what_the_function_raised(shop: Shop) -> None:
    shop.failures = 9
    async with manual(shop.jobs) as kit:
        handle = await shop.deliver.submit("tea")
        last = (await kit.drain())[3]
        with pytest.raises(JobFailed) as failed:
            await outcome(handle)
        assert failed.value.__cause__ is last.error


async def test_who_waits_for_a_failure_is_told_its_cause_however_soon_it_is_seen(shop: Shop) -> None:
    """The store says that the job failed before anything says what was raised."""
    told = threading.Event()

    def slow(event: str, _: Mapping[str, Any]) -> None:
        if event == "job.failed":
            told.wait(30)

    shop.jobs.telemetry.subscribe(slow)
    async with manual(shop.jobs) as kit:
        handle = await shop.refuse.submit()
        running = asyncio.ensure_future(kit.run())
        while await handle.status() != "failed":
            await asyncio.to_thread(lambda: None)
        waiting = asyncio.ensure_future(handle.result())
        for _ in range(200):
            await asyncio.to_thread(lambda: None)
        assert not waiting.done()
        told.set()
        with pytest.raises(JobFailed) as failed:
            await waiting
        assert failed.value.__cause__ is (await running).error


async def test_a_cancelled_job_is_not_run(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.price.submit("tea")
        await handle.cancel()
        assert await kit.drain() == []
        with pytest.raises(JobCancelled):
            await handle.result()


async def test_a_running_job_is_stopped_by_a_cancel(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.hang.submit()
        running = asyncio.ensure_future(kit.run())
        await asyncio.to_thread(shop.started.wait)
        await handle.cancel()
        assert (await running).status == "cancelled"
        assert shop.noted == ["stopped"]


async def test_deadlines_follow_the_clock(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        handle = await shop.wait_for_it.submit()
        running = asyncio.ensure_future(kit.run())
        await asyncio.to_thread(shop.started.wait)
        kit.clock.advance(61)
        assert (await running).status == "failed"
        with pytest.raises(JobFailed) as failed:
            await outcome(handle)
        assert failed.value.problem.kind == "job-timed-out"


async def test_a_run_keeps_its_lease_however_much_time_passes(shop: Shop) -> None:
    """A live worker's heartbeats would have kept it, and its job must not be started twice."""
    async with manual(shop.jobs) as kit:
        await shop.wait_for_it.submit()
        running = asyncio.ensure_future(kit.run())
        await asyncio.to_thread(shop.started.wait)
        kit.clock.advance(59)
        assert await shop.jobs.wiring.store.rescue() == []
        shop.go_on.set()
        attempt = await running
        assert (attempt.status, attempt.job.attempt) == ("completed", 1)


async def test_the_clock_begins_at_the_present(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        assert abs(kit.clock.now() - SystemClock().now()) < 3600


async def test_expiry_follows_the_clock(shop: Shop) -> None:
    """The default is a day."""
    async with manual(shop.jobs) as kit:
        handle = await shop.price.submit("tea")
        await kit.run()
        kit.clock.advance(86399)
        assert await handle.status() == "completed"
        kit.clock.advance(1)
        with pytest.raises(JobExpired):
            await handle.status()


async def test_what_is_not_awaited_was_not_run(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        await shop.price.submit("tea")
        attempt, attempts = kit.run(), kit.drain()
        with pytest.raises(RuntimeError, match=r"await kit\.run"):
            assert attempt.status
        with pytest.raises(RuntimeError, match=r"await kit\.drain"):
            assert attempts == []
        assert shop.noted == []
        await attempt
        await attempts


def test_a_plain_test_awaits_nothing(shop: Shop) -> None:
    with manual(shop.jobs) as kit:
        handle = shop.jobs.portal.call(shop.price.submit, "tea")
        assert shop.noted == []
        assert kit.run().status == "completed"
        assert kit.drain() == []
        assert shop.jobs.portal.call(handle.result) == (3, 99)
    shop.jobs.portal.close()
