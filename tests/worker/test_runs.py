"""What a function gets, and what becomes of what it returns."""

import asyncio
import threading
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from coatcheck import Job, current_job
from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status
from tests.worker.site import Site, opened


class Order(msgspec.Struct):
    item: str
    count: int = 1


async def test_an_async_function_runs_on_an_event_loop_that_is_not_the_workers(site: Site) -> None:
    @site.jobs.operation("/where")
    async def where() -> str:
        return threading.current_thread().name

    handle = await where.submit()
    await site.work()
    assert await handle.result() == "coatcheck-loop"


async def test_a_plain_function_runs_in_a_thread(site: Site) -> None:
    @site.jobs.operation("/where")
    def where() -> str:
        return threading.current_thread().name

    handle = await where.submit()
    await site.work()
    assert (await handle.result()).startswith("coatcheck-run-")


async def test_as_many_plain_functions_run_at_once_as_there_are_slots(site: Site) -> None:
    """Both wait for each other: one after the other, neither would end."""
    both = threading.Barrier(2)

    @site.jobs.operation("/meet")
    def meet() -> int:
        return both.wait(timeout=30)

    handles = [await meet.submit() for _ in range(2)]
    await site.work()
    assert sorted([await handle.result() for handle in handles]) == [0, 1]


async def test_a_worker_claims_no_more_than_it_has_slots_for(site: Site) -> None:
    release = threading.Event()

    @site.jobs.operation("/wait")
    def wait() -> bool:
        return release.wait(timeout=30)

    handles = [await wait.submit() for _ in range(site.jobs.settings.concurrency + 3)]
    await site.work()
    await site.signals.told("job.started", count=site.jobs.settings.concurrency)
    try:
        depth = (await site.jobs.wiring.insight.depths())["wait"]
        assert (depth.running, depth.queued) == (site.jobs.settings.concurrency, 3)
    finally:
        release.set()
    assert [await handle.result() for handle in handles] == [True] * len(handles)


async def test_the_job_is_injected_wherever_the_function_has_it(site: Site) -> None:
    @site.jobs.operation("/first")
    async def first(job: Job, order: Order) -> tuple[str, str]:
        return job.id, order.item

    @site.jobs.operation("/last")
    def last(order: Order, job: Job) -> tuple[str, str]:
        return job.id, order.item

    @site.jobs.operation("/keyword")
    def keyword(order: Order, *, running: Annotated[Job, "any name will do"]) -> tuple[str, str]:
        return running.id, order.item

    @site.jobs.operation("/absent")
    async def absent(order: Order) -> tuple[str, str]:
        return current_job().id, order.item

    operations: list[Any] = [first, last, keyword, absent]
    handles = [await operation.submit(order=Order("tea")) for operation in operations]
    await site.work()
    assert [tuple(await handle.result()) for handle in handles] == [(handle.id, "tea") for handle in handles]


async def test_the_job_tells_of_its_attempt_fence_and_deadline(site: Site) -> None:
    @site.jobs.operation("/facts", timeout=60)
    async def facts(job: Job) -> tuple[int, int, float]:
        assert job.deadline is not None
        return job.attempt, job.fence, job.deadline.timestamp()

    handle = await facts.submit()
    await site.work()
    attempt, fence, deadline = await handle.result()
    job = await handle.job()
    assert (attempt, fence) == (1, job.fence)
    assert job.started_at is not None
    assert deadline == pytest.approx(job.started_at + 60)


async def test_the_current_job_is_found_in_deep_helpers_and_in_threads_of_the_function(site: Site) -> None:
    def deep(levels: int) -> str:
        return deep(levels - 1) if levels else current_job().id

    @site.jobs.operation("/async")
    async def asynchronous() -> list[str]:
        return [deep(50), await asyncio.to_thread(deep, 50), await asyncio.create_task(later())]

    async def later() -> str:
        return deep(1)

    @site.jobs.operation("/thread")
    def threaded() -> list[str]:
        return [deep(50)]

    handles = [await asynchronous.submit(), await threaded.submit()]
    await site.work()
    for handle in handles:
        assert set(await handle.result()) == {handle.id}


async def test_outside_a_run_there_is_no_current_job() -> None:
    with pytest.raises(LookupError, match="not being run by a Coatcheck worker"):
        current_job()


async def test_nothing_of_one_run_reaches_the_next_through_context_variables(site: Site) -> None:
    @site.jobs.operation("/seen")
    def seen(job: Job) -> bool:
        return current_job() is job

    handles = [await seen.submit() for _ in range(20)]
    await site.work()
    assert all([await handle.result() for handle in handles])


async def test_the_history_of_a_run_that_went_well(site: Site) -> None:
    @site.jobs.operation("/echo")
    async def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    await site.work("worker-1")
    assert await handle.result() == "hello"
    job = await handle.job()
    assert (job.status, job.attempt, job.failures, job.crashes, job.worker) == (Status.COMPLETED, 1, 0, 0, None)
    assert job.progress.percent == 100
    events = await site.events(handle)
    assert [event.type for event in events] == [EventType.ACCEPTED, EventType.STARTED, EventType.COMPLETED]
    assert [event.worker for event in events] == [None, "worker-1", "worker-1"]
    assert await site.signals.told("job.completed", job=handle.id)


async def test_an_operation_the_worker_does_not_have_is_not_claimed(site: Site) -> None:
    @site.jobs.operation("/mine")
    def mine() -> str:
        return "mine"

    @site.jobs.operation("/others")
    def others() -> str:
        return "others"

    left, taken = await others.submit(), await mine.submit()
    worker = await site.work(operations=["mine"])
    assert await taken.result() == "mine"
    await worker.turn()
    assert await left.status() is Status.QUEUED


async def test_jobs_of_an_operation_that_is_registered_nowhere_wait(site: Site, tmp_path: Path) -> None:
    """A deployment that dropped an operation must not fail the requests for it."""

    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    async with opened(tmp_path) as deployed:
        await (await deployed.work()).turn()
    assert await handle.status() is Status.QUEUED


async def test_a_stored_request_that_no_longer_fits_the_function_fails_the_job(site: Site, tmp_path: Path) -> None:
    """As after a deployment: no retry would help, and no worker may stumble over it."""

    @site.jobs.operation("/orders", name="order", retries=5)
    def old(item: str) -> str:
        return item

    handle = await old.submit("tea")
    async with opened(tmp_path) as deployed:

        @deployed.jobs.operation("/orders", name="order", retries=5)
        def new(item: int) -> int:
            return item

        await deployed.work()
        problem = await deployed.failure(handle)
    assert (problem.kind, problem.status) == ("arguments-unreadable", 500)
    assert (await handle.job()).attempt == 1


async def test_a_delayed_job_is_not_started_before_its_time(timed: Site, clock: Any) -> None:
    @timed.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    later = await echo.options(delay=60).submit("later")
    worker = await timed.work()
    assert await (await echo.submit("now")).result() == "now"
    assert await later.status() is Status.QUEUED
    clock.advance(61)
    await worker.turn()
    assert await later.result() == "later"
