"""`inline`: a job has been run to its end when its submission returns."""

import asyncio
import os
import traceback
from pathlib import Path

import pytest

from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import InvalidArguments, JobAlreadyFinished, JobFailed
from coatcheck.store.contract import Listing
from coatcheck.testing import inline
from tests.testing.shop import Order, OutOfStock, Shop, outcome


async def test_a_submission_returns_once_the_job_has_ended(shop: Shop) -> None:
    async with inline(shop.jobs):
        handle = await shop.price.submit("tea")
        assert shop.noted == ["tea"]
        assert await handle.status() == "completed"
        with pytest.raises(JobAlreadyFinished):
            await handle.cancel()


async def test_arguments_and_results_cross_the_store(shop: Shop) -> None:
    """A function is given what a request would bring, and its caller what a client would read."""
    ordered = Order("tea", (1, 2))
    async with inline(shop.jobs):
        result = await outcome(await shop.order.submit(ordered))
        assert shop.noted == [ordered]
        assert shop.noted[0] is not ordered
        assert result == {"item": "tea", "amounts": [1, 2]}


async def test_what_has_no_json_form_is_refused_or_fails(shop: Shop) -> None:
    async with inline(shop.jobs):
        with pytest.raises(InvalidArguments):
            await shop.order.submit(Order("\ud800"))
        with pytest.raises(JobFailed) as failed:
            await outcome(await shop.unspeakable.submit())
        assert failed.value.problem.kind == "result-not-serialisable"


async def test_a_function_of_a_process_of_its_own_runs_in_this_one(shop: Shop) -> None:
    async with inline(shop.jobs):
        assert await outcome(await shop.label.submit()) == os.getpid()


async def test_retries_take_no_time(shop: Shop) -> None:
    shop.failures = 2
    async with inline(shop.jobs) as kit:
        began = kit.clock.now()
        handle = await shop.deliver.submit("tea")
        assert await outcome(handle) == "tea"
        assert (await handle.job()).attempt == 3
        assert kit.clock.now() > began


async def test_a_delay_takes_no_time(shop: Shop) -> None:
    async with inline(shop.jobs) as kit:
        began = kit.clock.now()
        assert await (await shop.price.options(delay=3600).submit("tea")).status() == "completed"
        assert kit.clock.now() == began + 3600


async def test_a_job_may_submit_others_and_wait_for_them(shop: Shop) -> None:
    """More than a worker runs at a time, one inside the other."""
    async with inline(shop.jobs):
        assert await outcome(await shop.basket.submit(["a", "bb"] * 10)) == [[1, 99], [2, 99]] * 10


async def test_submissions_at_the_same_time_each_return_once_their_own_has_ended(shop: Shop) -> None:
    async with inline(shop.jobs):
        handles = await asyncio.gather(*(shop.price.submit(str(number)) for number in range(30)))
        assert [await handle.status() for handle in handles] == ["completed"] * 30
        assert len(shop.noted) == 30


async def test_a_failure_is_chained_to_what_the_function_raised(shop: Shop) -> None:
    """So that pytest shows both, the function's lines included."""
    shop.failures = 9
    async with inline(shop.jobs):
        with pytest.raises(JobFailed, match="tea") as failed:
            await outcome(await shop.deliver.submit("tea"))
        assert isinstance(failed.value.__cause__, OutOfStock)
        assert "raise OutOfStock(item)" in "".join(traceback.format_exception(failed.value))


async def test_a_problem_that_the_function_declared_is_there_as_ever(shop: Shop) -> None:
    async with inline(shop.jobs):
        with pytest.raises(JobFailed) as failed:
            await outcome(await shop.refuse.submit())
        assert (failed.value.problem.status, failed.value.problem.title) == (422, "Closed")


async def test_a_failed_job_that_is_retried_is_run_again(shop: Shop) -> None:
    shop.failures = 4
    async with inline(shop.jobs):
        handle = await shop.deliver.submit("tea")
        assert await handle.status() == "failed"
        await shop.jobs.wiring.jobs.retry(handle.id, SYSTEM, actor="test")
        assert await handle.status() == "completed"


async def test_a_result_may_be_a_file(shop: Shop) -> None:
    async with inline(shop.jobs):
        content = await outcome(await shop.receipt.submit())
        assert isinstance(content.body, Path)
        assert content.body.read_bytes() == b"paid 1"


async def test_resources_are_opened_for_the_first_job_and_closed_at_the_end(shop: Shop) -> None:
    async with inline(shop.jobs):
        assert shop.till == []
        assert await outcome(await shop.count.submit()) == ["till"]
        assert await outcome(await shop.count.submit()) == ["till"]
        assert shop.till == ["opened"]
    assert shop.till == ["opened", "closed"]


async def test_a_transaction_of_the_function_is_one_of_the_store(shop: Shop) -> None:
    async with inline(shop.jobs):
        assert await outcome(await shop.book.submit(21)) == 42


async def test_a_key_leads_to_the_same_job(shop: Shop) -> None:
    async with inline(shop.jobs):
        first, second = [await shop.price.options(idempotency_key="k").submit("tea") for _ in range(2)]
        assert first.id == second.id
        assert shop.noted == ["tea"]
        assert len(await shop.jobs.wiring.store.list(SYSTEM, Listing())) == 1
