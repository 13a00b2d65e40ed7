"""Submitting from code: the handle of a job, and on whose behalf it is."""

import asyncio
from typing import Any

import pytest

from coatcheck import Job
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.problem import Problem
from coatcheck.domain.state import Status
from coatcheck.errors import (
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    InvalidArguments,
    JobAlreadyFinished,
    JobCancelled,
    JobFailed,
    JobNotFound,
    QueueFull,
    ResultNotReady,
)
from tests.worker.site import Site


async def test_the_function_is_still_the_function_it_was(site: Site) -> None:
    @site.jobs.operation("/double")
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    assert double(4) == 8
    assert (getattr(double, "__name__", None), double.__doc__) == ("double", "Twice as much.")
    assert repr(double) == "<operation 'double' at POST /double>"
    assert await site.jobs.wiring.insight.depths() == {}


async def test_a_result_that_is_waited_for_arrives(site: Site) -> None:
    @site.jobs.operation("/double")
    def double(number: int) -> int:
        return 2 * number

    handle = await double.submit(4)
    waiting = asyncio.create_task(handle.result())
    await site.work()
    assert await waiting == 8
    assert repr(handle) == f"Handle({handle.id!r})"


async def test_a_wait_that_takes_too_long_is_given_up_and_the_job_goes_on(site: Site) -> None:
    @site.jobs.operation("/double")
    def double(number: int) -> int:
        return 2 * number

    handle = await double.submit(4)
    with pytest.raises(ResultNotReady):
        await handle.result(timeout=0)
    with pytest.raises(ResultNotReady):
        await handle.result(timeout=0.01)
    await site.work()
    assert await handle.result() == 8


async def test_a_failure_is_raised_with_its_problem(site: Site) -> None:
    @site.jobs.operation("/broken")
    def broken() -> None:
        raise ValueError("no such month")

    handle = await broken.submit()
    await site.work()
    with pytest.raises(JobFailed, match="no such month") as failed:
        await handle.result()
    assert isinstance(failed.value.problem, Problem)
    with pytest.raises(JobAlreadyFinished):
        await handle.cancel()


async def test_a_cancelled_job_has_no_result(site: Site) -> None:
    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    assert (await handle.cancel()).status is Status.CANCELLED
    with pytest.raises(JobCancelled):
        await handle.result()


async def test_a_job_belongs_to_whom_it_was_submitted_for(site: Site) -> None:
    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.options(owner="alice").submit("hello")
    assert (await handle.job()).owner == "alice"
    with pytest.raises(JobNotFound):
        await site.jobs.wiring.jobs.get(handle.id, "bob")
    assert (await site.jobs.wiring.jobs.get(handle.id, SYSTEM)).id == handle.id
    assert (await (await echo.submit("hello")).job()).owner == "everyone"


async def test_a_key_leads_to_the_job_it_led_to_before(site: Site) -> None:
    @site.jobs.operation("/pay", idempotency_key_required=True)
    def pay(amount: int) -> int:
        return amount

    with pytest.raises(IdempotencyKeyRequired):
        await pay.submit(5)
    keyed = pay.options(idempotency_key="order-17")
    first = await keyed.submit(5)
    assert (await keyed.submit(amount=5)).id == first.id
    with pytest.raises(IdempotencyKeyReused):
        await keyed.submit(6)
    assert await site.signals.told("job.replayed", job=first.id)


async def test_arguments_are_validated_before_anything_is_stored(site: Site) -> None:
    @site.jobs.operation("/double")
    def double(number: int, job: Job) -> int:
        return 2 * number

    submit: Any = double.submit
    for arguments, options in [(("four",), {}), ((), {}), ((1, 2), {}), ((1,), {"other": 2})]:
        with pytest.raises(InvalidArguments):
            await submit(*arguments, **options)
    assert await site.jobs.wiring.insight.depths() == {}


async def test_a_full_queue_turns_code_away_too(site: Site) -> None:
    @site.jobs.operation("/echo", queue_bound=2)
    def echo(text: str) -> str:
        return text

    for _ in range(2):
        await echo.submit("hello")
    with pytest.raises(QueueFull):
        await echo.submit("hello")
