"""Endings that were stored, or not, without an answer: what is told of them is what the job's log says."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coatcheck import Fail, failpoints
from coatcheck.domain.outcome import Released, Rescheduled
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.state import Status
from coatcheck.testing.conformance.scenario import COMPLETED, WORKER, running
from coatcheck.testing.signals import Flag
from coatcheck.worker.heartbeat import Heartbeat
from coatcheck.worker.landed import landed
from tests.worker.site import Site, opened, service_of


@pytest.fixture
async def site(tmp_path: Path, empty_store: str) -> AsyncIterator[Site]:
    async with opened(tmp_path, store=empty_store) as site:
        yield site


@pytest.mark.parametrize("point", ["settle.before_commit", "settle.after_commit"])
@pytest.mark.parametrize(
    ("raised", "event"), [(None, "job.completed"), (Fail(detail="no"), "job.failed"), (ValueError("again"), "job.retrying")]
)
async def test_an_ending_whose_answer_was_lost_is_told_as_what_it_was(site: Site, point: str, raised: Exception | None, event: str) -> None:
    """F21: nobody knows whether it was committed. Both ways it is recorded once, and no late write."""

    @site.jobs.operation("/end", retries=2)
    async def end() -> None:
        if raised is not None:
            raise raised

    handle = await end.submit()
    failpoints.arm(f"{point}=oserror")
    await site.work()
    await site.signals.told(event, job=handle.id)
    assert site.signals.all("job.late_write") == []
    assert [event.attempt for event in await site.events(handle) if not event.status.held].count(1) == 1


async def test_a_heartbeat_that_finds_the_job_ended_before_the_answer_is_asked_for_again_changes_nothing(site: Site) -> None:
    """It takes the claim for lost: the lease of a job that has ended cannot be renewed."""
    started, go_on = Flag(), asyncio.Event()
    loop = asyncio.get_running_loop()

    @site.jobs.operation("/end")
    async def end() -> int:
        started.raise_()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(go_on.wait(), loop))
        return 7

    handle = await end.submit()
    worker = await site.work()
    await started.raised()
    failpoints.arm("settle.after_commit=oserror")
    go_on.set()
    await site.ended(handle)
    await service_of(worker, Heartbeat).turn()
    assert await site.signals.told("job.completed", job=handle.id)
    assert site.signals.all("job.late_write") == []


async def test_the_log_says_whose_ending_it_was(site: Site) -> None:
    claim = await running(site.store)
    assert await landed(site.store, claim) is None
    assert await site.store.settle(claim, Rescheduled(operation_failed("ValueError", "again"), delay=0.0))
    job = await landed(site.store, claim)
    assert job is not None
    assert job.status is Status.QUEUED
    [again] = await site.store.claim(WORKER, [claim.job.operation], 1)
    assert await site.store.settle(again, COMPLETED)
    for one, status in ((claim, Status.QUEUED), (again, Status.COMPLETED)):
        job = await landed(site.store, one)
        assert job is not None
        assert job.status is status


async def test_who_took_the_job_back_is_not_its_worker(site: Site) -> None:
    claim = await running(site.store)
    assert await site.store.rescue(WORKER)
    assert await landed(site.store, claim) is None
    [again] = await site.store.claim("another", [claim.job.operation], 1)
    assert await site.store.settle(again, Released("its worker shuts down"))
    assert await landed(site.store, claim) is None
    assert await landed(site.store, again) is not None
