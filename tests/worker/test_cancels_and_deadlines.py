"""Runs that are told to end: by the client, or by their deadline."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coatcheck import Job
from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status
from coatcheck.errors import Cancelled, JobAlreadyFinished, JobCancelled
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.signals import Flag
from coatcheck.worker.watchdog import Watchdog
from tests.worker.site import Site, opened, service_of

FOREVER = 30.0
"""Seconds that a function under test waits at most; the test ends it long before."""


async def test_a_queued_job_is_cancelled_at_once_and_never_runs(site: Site) -> None:
    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    assert (await handle.cancel()).status is Status.CANCELLED
    worker = await site.work()
    await worker.turn()
    assert site.signals.all("job.started") == []
    with pytest.raises(JobCancelled):
        await handle.result()


async def test_a_running_async_function_is_cancelled_at_its_await_and_may_clean_up(site: Site) -> None:
    started, cleaned_up = Flag(), Flag()

    @site.jobs.operation("/wait")
    async def wait() -> None:
        started.raise_()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.raise_()

    handle = await wait.submit()
    await site.work()
    await started.raised()
    assert (await handle.cancel()).status is Status.CANCELLING
    await cleaned_up.raised()
    job = await site.ended(handle)
    assert (job.status, job.error, job.failures) == (Status.CANCELLED, None, 0)
    types = [event.type for event in await site.events(handle)]
    assert types == [EventType.ACCEPTED, EventType.STARTED, EventType.CANCEL_REQUESTED, EventType.CANCELLED]


@pytest.mark.parametrize("how", ["track", "progress"])
async def test_a_running_plain_function_is_stopped_at_its_next_step(site: Site, how: str) -> None:
    started, stopped = Flag(), Flag()

    @site.jobs.operation("/count")
    def count(job: Job) -> None:
        try:
            if how == "track":
                for _ in job.track(iter(int, 1)):
                    started.raise_()
            while True:
                job.progress(message="still at it")
                started.raise_()
        except Cancelled:
            assert job.cancelled
            stopped.raise_()
            raise

    handle = await count.submit()
    await site.work()
    await started.raised()
    await handle.cancel()
    await stopped.raised()
    assert (await site.ended(handle)).status is Status.CANCELLED


async def test_a_function_can_look_whether_it_was_cancelled(site: Site) -> None:
    started = Flag()

    @site.jobs.operation("/poll")
    def poll(job: Job) -> str:
        pause = threading.Event()
        started.raise_()
        while not job.cancelled:
            pause.wait(0.001)
        raise ValueError("whatever it raises now")

    handle = await poll.submit()
    await site.work()
    await started.raised()
    await handle.cancel()
    job = await site.ended(handle)
    assert (job.status, job.error) == (Status.CANCELLED, None)


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_value_returned_while_cancelling_is_a_result(site: Site, kind: str) -> None:
    """The work was done; saying otherwise would have the client do it again."""
    started, release = Flag(), threading.Event()
    if kind == "async":

        @site.jobs.operation("/finish", name="finish")
        async def finish() -> bytes:
            started.raise_()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return b"done all the same"
            return b"never told"
    else:

        @site.jobs.operation("/finish", name="finish")
        def finish() -> bytes:
            started.raise_()
            release.wait(FOREVER)
            return b"done all the same"

    handle = await finish.submit()
    await site.work()
    await started.raised()
    await handle.cancel()
    release.set()
    job = await site.ended(handle)
    assert job.status is Status.COMPLETED
    with pytest.raises(JobAlreadyFinished):
        await handle.cancel()


async def test_a_failure_while_cancelling_is_not_retried(site: Site) -> None:
    started = Flag()

    @site.jobs.operation("/break", retries=5)
    async def break_() -> None:
        started.raise_()
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while cleaning up")

    handle = await break_.submit()
    await site.work()
    await started.raised()
    await handle.cancel()
    job = await site.ended(handle)
    assert (job.status, job.attempt, job.error) == (Status.CANCELLED, 1, None)


@pytest.mark.parametrize("name", ["CancelledError", "Cancelled"])
async def test_a_cancellation_that_nobody_asked_for_is_a_failure(site: Site, name: str) -> None:
    @site.jobs.operation("/odd")
    async def odd() -> None:
        raise {"CancelledError": asyncio.CancelledError, "Cancelled": Cancelled}[name]

    handle = await odd.submit()
    await site.work()
    problem = await site.failure(handle)
    assert problem.title == f"The operation raised {name}"
    assert "nobody had asked it to stop" in (problem.detail or "")


async def test_a_run_cancelled_before_its_function_began_never_begins(site: Site) -> None:
    """A result that is a file is kept in a thread, where a cancellation left over would hit instead."""
    began: list[str] = []
    opening, opened_up = Flag(), threading.Event()

    @site.jobs.resource(scope="job")
    async def slow() -> Any:
        opening.raise_()
        await asyncio.to_thread(opened_up.wait, FOREVER)
        yield None

    @site.jobs.operation("/file")
    async def file() -> bytes:
        began.append("began")
        return b"file"

    handle = await file.submit()
    worker = await site.work()
    await opening.raised()
    await handle.cancel()
    await worker.turn()
    opened_up.set()
    assert (await site.ended(handle)).status is Status.CANCELLED
    assert began == []


# Deadlines ----------------------------------------------------------------------------------------------------------


async def test_an_async_function_past_its_deadline_is_cancelled_and_its_job_failed(timed: Site, clock: FakeClock) -> None:
    started = Flag()

    @timed.jobs.operation("/wait", timeout=60)
    async def wait() -> None:
        started.raise_()
        await asyncio.Event().wait()

    handle = await wait.submit()
    await timed.work()
    await started.raised()
    clock.advance(61)
    problem = await timed.failure(handle)
    assert (problem.kind, problem.status) == ("job-timed-out", 504)
    assert "60 s" in (problem.detail or "")


async def test_a_plain_function_past_its_deadline_is_stopped_at_its_next_step(timed: Site, clock: FakeClock) -> None:
    started = Flag()

    @timed.jobs.operation("/count", timeout=60)
    def count(job: Job) -> None:
        for _ in job.track(iter(int, 1)):
            started.raise_()

    handle = await count.submit()
    await timed.work()
    await started.raised()
    clock.advance(61)
    assert (await timed.failure(handle)).kind == "job-timed-out"


async def test_a_timeout_uses_up_one_retry(timed: Site, clock: FakeClock) -> None:
    @timed.jobs.operation("/wait", timeout=60, retries=1)
    async def wait(job: Job) -> int:
        if job.attempt == 1:
            await asyncio.Event().wait()
        return job.attempt

    handle = await wait.submit()
    worker = await timed.work()
    await timed.signals.told("job.started", job=handle.id)
    clock.advance(61)
    await timed.signals.told("job.retrying", job=handle.id)
    clock.advance(61)
    await worker.turn()
    assert await handle.result() == 2


async def test_without_a_timeout_a_run_takes_as_long_as_it_takes(timed: Site, clock: FakeClock) -> None:
    started, release = Flag(), threading.Event()

    @timed.jobs.operation("/wait", timeout=None)
    def wait(job: Job) -> bool:
        started.raise_()
        release.wait(FOREVER)
        job.progress(50)
        return job.deadline is None

    handle = await wait.submit()
    worker = await timed.work()
    await started.raised()
    watchdog = service_of(worker, Watchdog)
    await watchdog.turn()
    clock.advance(5)
    await watchdog.turn()
    release.set()
    assert await handle.result() is True


async def test_a_plain_function_that_ignores_its_deadline_is_failed_over_its_head(timed: Site, clock: FakeClock) -> None:
    """It cannot be killed, only abandoned: its slot stays taken, the worker asks to be replaced."""
    started, release, returned = Flag(), threading.Event(), Flag()

    @timed.jobs.operation("/stubborn", timeout=5)
    def stubborn(job: Job) -> str:
        started.raise_()
        release.wait(FOREVER)
        returned.raise_()
        return "too late"

    handle = await stubborn.submit()
    worker = await timed.work()
    await started.raised()
    try:
        clock.advance(6)
        watchdog = service_of(worker, Watchdog)
        await watchdog.turn()
        assert await handle.status() is Status.RUNNING
        assert not worker.overrun.is_set()
        clock.advance(timed.jobs.settings.grace)
        await watchdog.turn()
        assert worker.overrun.is_set()
        assert (await timed.failure(handle)).kind == "job-timed-out"
        assert await timed.signals.told("job.overrun", job=handle.id)
    finally:
        release.set()
    await returned.raised()
    assert await handle.status() is Status.FAILED
    assert len(await timed.events(handle, EventType.FAILED, EventType.COMPLETED)) == 1


async def test_a_plain_function_that_ignores_its_cancel_stays_cancelling(timed: Site, clock: FakeClock) -> None:
    """The status never says what is not true: it still runs."""
    started, release = Flag(), threading.Event()

    @timed.jobs.operation("/stubborn", timeout=None)
    def stubborn() -> None:
        started.raise_()
        release.wait(FOREVER)
        raise ValueError

    handle = await stubborn.submit()
    worker = await timed.work()
    await started.raised()
    try:
        await handle.cancel()
        await worker.turn()
        clock.advance(timed.jobs.settings.grace + 1)
        await timed.signals.told("job.overrun", job=handle.id)
        assert worker.overrun.is_set()
        assert await handle.status() is Status.CANCELLING
    finally:
        release.set()
    assert (await timed.ended(handle)).status is Status.CANCELLED


async def test_a_run_that_returned_in_time_is_not_timed_out_while_the_store_is_away(
    timed: Site, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog watches functions, not the recording of their ends."""
    from coatcheck.errors import StoreUnavailable

    settle, refused = timed.store.settle_all, asyncio.Event()

    async def refuse_until_told(endings: Any) -> Any:
        if clock.now() < back_at:
            refused.set()
            raise StoreUnavailable
        return await settle(endings)

    monkeypatch.setattr(timed.store, "settle_all", refuse_until_told)
    back_at = clock.now() + 50

    @timed.jobs.operation("/quick", timeout=5)
    async def quick() -> str:
        return "in time"

    handle = await quick.submit()
    worker = await timed.work()
    await refused.wait()
    watchdog = service_of(worker, Watchdog)
    clock.advance(6)
    await watchdog.turn()
    clock.advance(timed.jobs.settings.grace)
    await watchdog.turn()
    assert not worker.overrun.is_set()
    back_at = 0.0
    clock.advance(1)
    assert (await timed.ended(handle)).status is Status.COMPLETED


async def test_a_cancel_reaches_a_worker_of_another_process(site: Site, tmp_path: Any) -> None:
    """Through the store alone: another application object on the same file stands for the process."""
    started = Flag()

    @site.jobs.operation("/wait")
    async def wait() -> None:
        started.raise_()
        await asyncio.Event().wait()

    handle = await wait.submit()
    await site.work()
    await started.raised()
    async with opened(tmp_path) as elsewhere:
        await elsewhere.jobs.wiring.jobs.cancel(handle.id, "everyone", actor="everyone")
    assert (await site.ended(handle)).status is Status.CANCELLED


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_a_file_that_the_store_will_not_take_just_now_holds_up_no_cancel(tmp_path: Path, database_url: str, kind: str) -> None:
    """It is tried again for as long as a lease lasts; who is told to end waits no longer."""
    returning = Flag()
    async with opened(tmp_path, store=database_url, lease=3600) as site:
        if kind == "def":

            @site.jobs.operation("/draw")
            def draw() -> bytes:
                returning.raise_()
                return b"file"
        else:

            @site.jobs.operation("/draw")
            async def draw() -> bytes:
                returning.raise_()
                return b"file"

        with psycopg.connect(database_url, autocommit=True) as db:
            db.execute("DROP TABLE coatcheck.blobs")
        handle = await draw.submit()
        await site.work()
        await returning.raised()
        await handle.cancel()
        async with asyncio.timeout(FOREVER):
            with pytest.raises(JobCancelled):
                await handle.result()
