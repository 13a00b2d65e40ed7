"""Many wait for jobs, and one looks."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from coatcheck import Coatcheck
from coatcheck.domain.job import JobRecord
from coatcheck.domain.state import Status
from coatcheck.errors import JobExpired, JobNotFound, StoreUnavailable
from coatcheck.feed.lookout import Watched
from coatcheck.http.wiring import Wiring
from coatcheck.store.insight import Standing
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, OWNER, RELEASED, TTL, WORKER, queued, running

NEVER = 3600.0
"""Seconds that no test waits."""


class Site:
    """An open application, and what its store is asked for."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring, self.jobs, self.store = wiring, wiring.jobs, wiring.store
        self.asked: Counter[str] = Counter()
        self.looked = asyncio.Event()
        self.looking = 0
        self.away = False
        self.told: list[str] = []
        wiring.telemetry.subscribe(lambda event, _: self.told.append(event))
        for verb in ("get", "standing"):
            setattr(self.store, verb, self._counted(verb))

    def _counted(self, verb: str) -> Any:
        ask = getattr(self.store, verb)

        async def counted(*args: Any) -> Any:
            self.asked[verb] += 1
            if verb != "standing":
                return await ask(*args)
            self.looking += 1
            try:
                if self.away:
                    raise StoreUnavailable
                return await ask(*args)
            finally:
                self.looking -= 1
                self.looked.set()

        return counted

    def waiting(self, job_id: str, **options: Any) -> asyncio.Task[JobRecord]:
        return asyncio.create_task(self.jobs.wait(job_id, OWNER, **options))

    async def waited(self, waiting: asyncio.Task[JobRecord]) -> None:
        """Return once a look has been taken for who waits, and none is under way."""
        self.looked.clear()
        while (self.looking or not self.looked.is_set()) and not waiting.done():
            self.wiring.hints._ring()  # who has not begun to wait hears nothing of it
            await asyncio.wait((waiting,), timeout=0.01)


@asynccontextmanager
async def opened(url: str, *, poll_interval: float = NEVER, clock: FakeClock | None = None) -> AsyncIterator[Site]:
    async with Coatcheck(store=url, poll_interval=poll_interval, clock=clock).opened() as wiring:
        yield Site(wiring)


async def test_a_change_costs_one_look_however_many_wait(empty_store: str) -> None:
    """500 wait for jobs of their own; one job ends, its waiter alone is woken, and nobody else asks the store for anything."""
    async with opened(empty_store) as site:
        jobs = [(await queued(site.store)).id for _ in range(500)]
        waiting = [site.waiting(job_id) for job_id in jobs]
        while site.asked["get"] < len(jobs):
            await site.waited(waiting[-1])
        site.asked.clear()
        [claim] = await site.store.claim(WORKER, [OPERATION], 1)
        await site.store.settle(claim, COMPLETED)
        ended = await waiting[jobs.index(claim.job_id)]
        assert ended.status is Status.COMPLETED
        assert site.asked["get"] == 1
        assert site.asked["standing"] <= 4, "one for each hint: the claim, the settlement, and what they were late for"
        assert sum(task.done() for task in waiting) == 1
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_without_hints_a_change_is_seen_after_the_poll_interval(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(empty_store, poll_interval=0.01) as site:
        monkeypatch.setattr(site.wiring.hints, "_ring", lambda: None)
        claim = await running(site.store)
        waiting = site.waiting(claim.job_id)
        await site.store.settle(claim, COMPLETED)
        assert (await waiting).status is Status.COMPLETED


async def test_who_waits_beyond_a_version_is_woken_by_progress_too(empty_store: str) -> None:
    async with opened(empty_store) as site:
        job = await queued(site.store)
        ending, changing = site.waiting(job.id), site.waiting(job.id, beyond=job.version)
        await site.store.claim(WORKER, [OPERATION], 1)
        assert (await changing).status is Status.RUNNING
        assert not ending.done()
        ending.cancel()
        await asyncio.wait([ending])


async def test_what_was_seen_before_somebody_waited_is_not_lost_and_wakes_once() -> None:
    """Between a look at the job and the wait for another, it may have ended; and, once it was looked at again, have begun anew."""
    watched = Watched()
    watched.show(Standing(version=2, ended=True))
    await watched.until(lambda standing: standing is not None and standing.ended)
    again = asyncio.create_task(watched.until(lambda standing: standing is not None and standing.ended))
    await asyncio.wait((again,), timeout=0.01)
    assert not again.done()
    watched.show(Standing(version=3, ended=False))
    watched.show(Standing(version=4, ended=True))
    await again


async def test_a_job_that_has_moved_on_is_not_waited_for(empty_store: str) -> None:
    async with opened(empty_store) as site:
        job = await queued(site.store)
        await site.store.claim(WORKER, [OPERATION], 1)
        assert (await site.jobs.wait(job.id, OWNER, beyond=job.version)).status is Status.RUNNING
        await site.store.cancel(job.id, OWNER, actor=OWNER)
        assert (await site.jobs.wait(job.id, OWNER, timeout=0)).status is Status.CANCELLING


async def test_waiting_goes_on_while_the_store_is_out_of_reach(empty_store: str) -> None:
    """It is told to the operators, and to nobody who waits."""
    async with opened(empty_store, poll_interval=0.01) as site:
        claim = await running(site.store)
        waiting = site.waiting(claim.job_id)
        site.away = True
        while "service.failed" not in site.told:
            await site.waited(waiting)
        assert not waiting.done()
        site.away = False
        await site.store.settle(claim, COMPLETED)
        assert (await waiting).status is Status.COMPLETED


async def test_a_job_that_is_no_more_is_waited_for_no_longer(empty_store: str) -> None:
    """Ended and pruned between two looks: whoever waited hears that it was there."""
    clock = FakeClock()
    async with opened(empty_store, clock=clock) as site:
        claim = await running(site.store)
        waiting = site.waiting(claim.job_id)
        await site.waited(waiting)
        site.away = True
        await site.store.settle(claim, COMPLETED)
        clock.advance(TTL + 1)
        await site.store.prune()
        site.away = False
        site.wiring.hints._ring()
        with pytest.raises(JobExpired):
            await waiting


async def test_what_is_no_job_of_the_viewers_is_not_waited_for(empty_store: str) -> None:
    async with opened(empty_store) as site:
        job = await queued(site.store)
        for job_id, viewer in ((job.id, "bob"), ("nonsense", OWNER), ("\0", OWNER)):
            with pytest.raises(JobNotFound):
                await site.jobs.wait(job_id, viewer)


async def test_nobody_looks_once_nobody_waits(empty_store: str) -> None:
    async with opened(empty_store) as site:
        claim = await running(site.store)
        waiting = site.waiting(claim.job_id)
        await site.store.settle(claim, RELEASED)
        await site.store.cancel(claim.job_id, OWNER, actor=OWNER)
        await waiting
        for lookout in [task for task in asyncio.all_tasks() if task.get_name() == "Lookout"]:
            await lookout
        site.asked.clear()
        await queued(site.store)
        site.wiring.hints._ring()
        await asyncio.to_thread(lambda: None)
        assert site.asked["standing"] == 0


async def test_each_event_loop_looks_for_itself(empty_store: str) -> None:
    """Handles are waited for in threads with loops of their own, which may end before the job does."""
    async with opened(empty_store) as site:
        claim = await running(site.store)
        waiting = site.waiting(claim.job_id)
        await asyncio.to_thread(lambda: asyncio.run(site.jobs.wait(claim.job_id, OWNER, timeout=0.01)))
        elsewhere = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(site.jobs.wait(claim.job_id, OWNER))))
        await site.waited(waiting)
        await site.store.settle(claim, COMPLETED)
        assert {(await waiting).status, (await elsewhere).status} == {Status.COMPLETED}
