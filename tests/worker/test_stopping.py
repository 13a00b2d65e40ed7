"""A worker that is told to stop: nothing is lost, and no attempt is burned (F10, F11 within one process)."""

import asyncio
import threading
from typing import Any

import pytest

from coatcheck import Job
from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status
from coatcheck.testing.signals import Flag
from coatcheck.worker.reporter import Reporter
from tests.worker.site import Site, service_of

SOON = 0.0
"""A grace in seconds for runs that would never end by themselves."""


async def test_a_stopping_worker_waits_for_its_runs(site: Site) -> None:
    started, release = Flag(), threading.Event()

    @site.jobs.operation("/wait")
    def wait(job: Job) -> bool:
        started.raise_()
        release.wait(30)
        return job.stopping

    handle = await wait.submit()
    worker = await site.work()
    await started.raised()
    stopping = asyncio.create_task(worker.stop())
    await site.signals.told("worker.draining")
    with site.jobs.wiring.hints.bell() as bell:
        while not next(iter(worker._runs.values())).stopping:
            await bell.rung(0.01)
    release.set()
    await stopping
    assert await handle.result() is True
    assert [event.type for event in await site.events(handle)][-1] is EventType.COMPLETED


async def test_a_stopping_worker_claims_nothing_more(site: Site) -> None:
    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    worker = await site.work()
    await worker.stop()
    handle = await echo.submit("hello")
    await worker.turn()
    assert await handle.status() is Status.QUEUED
    assert (await handle.job()).attempt == 0


@pytest.mark.parametrize("kind", ["async", "obedient thread", "stubborn thread", "stubborn async"])
async def test_at_the_end_of_the_grace_runs_are_released_and_no_attempt_is_burned(site: Site, kind: str) -> None:
    started, release = Flag(), threading.Event()
    match kind:
        case "async":

            @site.jobs.operation("/wait", name="wait")
            async def wait() -> None:
                started.raise_()
                await asyncio.Event().wait()

        case "obedient thread":

            @site.jobs.operation("/wait", name="wait")
            def wait(job: Job) -> None:
                for _ in job.track(iter(int, 1)):
                    started.raise_()

        case "stubborn thread":

            @site.jobs.operation("/wait", name="wait")
            def wait() -> None:
                started.raise_()
                release.wait(30)

        case _:

            @site.jobs.operation("/wait", name="wait")
            async def wait() -> None:
                started.raise_()
                release.wait(30)

    handle = await wait.submit()
    worker = await site.work()
    await started.raised()
    await worker.stop(grace=SOON)
    job = await handle.job()
    assert (job.status, job.attempt, job.failures, job.crashes, job.worker) == (Status.QUEUED, 1, 0, 0, None)
    assert [event.type for event in await site.events(handle)][-1] is EventType.RELEASED
    told = await site.signals.told("job.released", job=handle.id)
    assert told["error"] is None, "it did what it was told, and a traceback would alarm whoever reads the log"
    release.set()


async def test_a_job_released_again_and_again_keeps_its_whole_budget(site: Site) -> None:
    started = [Flag() for _ in range(5)]

    @site.jobs.operation("/wait", retries=0)
    async def wait(job: Job) -> int:
        if job.attempt <= len(started):
            started[job.attempt - 1].raise_()
            await asyncio.Event().wait()
        return job.attempt

    handle = await wait.submit()
    for flag in started:
        worker = await site.work()
        await flag.raised()
        await worker.stop(grace=SOON)
    await site.work()
    assert await handle.result() == len(started) + 1
    job = await handle.job()
    assert (job.failures, job.crashes) == (0, 0)


async def test_what_a_stubborn_run_said_last_is_stored_before_it_is_released(site: Site) -> None:
    started, release = Flag(), threading.Event()

    @site.jobs.operation("/import")
    def import_(job: Job) -> Any:
        if job.attempt == 1:
            job.checkpoint("where it stopped")
            started.raise_()
            release.wait(30)
        return job.last_checkpoint

    worker = await site.work()
    await service_of(worker, Reporter).stop()  # which may well have no turn in between
    handle = await import_.submit()
    await started.raised()
    await worker.stop(grace=SOON)
    await site.work()
    assert await handle.result() == "where it stopped"
    release.set()


async def test_a_run_that_ignores_its_cancel_is_cancelled_once_its_worker_has_ended(site: Site) -> None:
    """Not before, since it still runs; and it must not start again after the deployment."""
    started, release = Flag(), threading.Event()

    @site.jobs.operation("/wait")
    def wait() -> None:
        started.raise_()
        release.wait(30)

    handle = await wait.submit()
    worker = await site.work()
    await started.raised()
    await handle.cancel()
    await worker.turn()
    await worker.stop(grace=SOON)
    assert await handle.status() is Status.CANCELLING
    await site.store.rescue(worker.id)
    assert await handle.status() is Status.CANCELLED
    release.set()


async def test_a_second_signal_ends_the_grace(site: Site) -> None:
    started = Flag()

    @site.jobs.operation("/wait")
    async def wait() -> None:
        started.raise_()
        await asyncio.Event().wait()

    handle = await wait.submit()
    worker = await site.work()
    await started.raised()
    stopping = asyncio.create_task(worker.stop(grace=1e6))
    await site.signals.told("worker.draining")
    worker.hurry()
    await stopping
    assert await handle.status() is Status.QUEUED


async def test_a_claim_in_flight_when_the_worker_stops_is_given_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, asked, go_on = site.store.claim, asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> Any:
        claims = await claim(*arguments)
        asked.set()
        await go_on.wait()
        return claims

    monkeypatch.setattr(site.store, "claim", slow)

    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    worker = await site.work()
    await asked.wait()
    stopping = asyncio.create_task(worker.stop())
    await site.signals.told("worker.draining")
    go_on.set()
    await stopping
    job = await handle.job()
    assert (job.status, job.attempt, job.failures, job.crashes, job.worker) == (Status.QUEUED, 1, 0, 0, None)
    assert site.signals.all("job.started") == []


async def test_stopping_twice_and_at_once_does_no_harm(site: Site) -> None:
    worker = await site.work()
    await worker.stop()
    await worker.stop()
    assert len(site.signals.all("worker.stopped")) == 1


async def test_draining_does_not_wait_for_runs_that_overran(timed: Site, clock: Any) -> None:
    started, release = Flag(), threading.Event()

    @timed.jobs.operation("/stubborn")
    def stubborn() -> None:
        started.raise_()
        release.wait(30)

    handle = await stubborn.submit()
    worker = await timed.work()
    await started.raised()
    await handle.cancel()
    await worker.turn()
    clock.advance(timed.jobs.settings.grace + 1)
    await worker.overrun.wait()
    await worker.drain(None)
    await worker.stop()
    assert await handle.status() is Status.CANCELLING
    release.set()
