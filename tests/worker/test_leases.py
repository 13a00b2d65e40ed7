"""What a worker does about its leases, and about a store it cannot reach."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Job
from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status
from coatcheck.errors import StoreUnavailable
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.signals import Flag
from coatcheck.worker.heartbeat import Heartbeat
from coatcheck.worker.rescue import Rescue
from coatcheck.worker.run import Interruption
from tests.worker.site import Site, opened, service_of


async def test_a_heartbeat_keeps_what_the_worker_holds(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock=clock) as site:
        started, release = Flag(), threading.Event()

        @site.jobs.operation("/wait")
        def wait() -> bool:
            started.raise_()
            return release.wait(30)

        handle = await wait.submit()
        worker = await site.work()
        await started.raised()
        heartbeat = service_of(worker, Heartbeat)
        for _ in range(10):
            clock.advance(14)  # of 15
            await heartbeat.turn()
        assert await site.store.rescue() == []
        release.set()
        assert await handle.result() is True
        assert (await handle.job()).attempt == 1


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_late_worker_is_told_drops_its_result_and_leaves_its_successors_alone(site: Site, kind: str) -> None:
    """F12, the zombie: it ends while its successor runs, and whatever it writes under the old fence lands nowhere."""
    started = [Flag(), Flag()]
    release = [threading.Event(), threading.Event()]
    if kind == "async":

        @site.jobs.operation("/who", name="who")
        async def who(job: Job) -> int:
            started[job.attempt - 1].raise_()
            await asyncio.shield(asyncio.to_thread(release[job.attempt - 1].wait, 30))
            return job.attempt
    else:

        @site.jobs.operation("/who", name="who")
        def who(job: Job) -> int:
            started[job.attempt - 1].raise_()
            release[job.attempt - 1].wait(30)
            return job.attempt

    handle = await who.submit()
    zombie = await site.work("zombie")
    await started[0].raised()
    await zombie.drain(patience=0)  # it claims nothing more, and goes on with what it holds
    assert await site.store.rescue("zombie")
    await site.work("successor")
    await started[1].raised()
    release[0].set()
    await site.signals.told("job.late_write", job=handle.id)
    job = await handle.job()
    assert (job.status, job.worker, job.fence) == (Status.RUNNING, "successor", 2)
    release[1].set()
    assert await handle.result() == 2
    events = await site.events(handle)
    assert [(event.type, event.worker) for event in events if event.type.terminal] == [(EventType.COMPLETED, "successor")]
    assert events[-1].type.terminal


async def test_a_heartbeat_tells_a_run_that_its_lease_is_lost(site: Site) -> None:
    started, stopped = Flag(), Flag()

    @site.jobs.operation("/wait")
    async def wait() -> None:
        started.raise_()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.raise_()

    handle = await wait.submit()
    worker = await site.work("worker-1")
    await started.raised()
    await worker.drain(patience=0)
    assert await site.store.rescue("worker-1")
    await service_of(worker, Heartbeat).turn()
    await stopped.raised()
    assert (await site.signals.told("job.late_write", job=handle.id))["write"] == "settle"
    assert await handle.status() is Status.QUEUED


async def test_a_worker_that_claims_its_own_lost_job_again_ends_the_older_run(site: Site) -> None:
    """Its heartbeat carries the new fence from then on, and would never learn of the older one."""
    started, stopped = Flag(), Flag()

    @site.jobs.operation("/wait")
    async def wait(job: Job) -> int:
        if job.attempt == 1:
            started.raise_()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.raise_()
        return job.attempt

    handle = await wait.submit()
    worker = await site.work("worker-1")
    await started.raised()
    assert await site.store.rescue("worker-1")
    await worker.turn()
    await stopped.raised()
    assert await handle.result() == 2


async def test_signs_of_life_come_more_often_than_a_stall_is_long(tmp_path: Path) -> None:
    """However long a lease is: else the supervisor would kill workers that are well."""
    async with opened(tmp_path, lease=300, stall_limit=60) as site:
        assert service_of(await site.work(), Heartbeat)._interval <= 60 / 5


async def test_a_lease_that_could_not_be_renewed_in_time_is_not_trusted(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted from the moment the last renewal was sent, with a margin: the run ends before another may begin."""
    async with opened(tmp_path, clock=clock) as site:
        started, stopped = Flag(), Flag()

        @site.jobs.operation("/wait")
        async def wait() -> None:
            started.raise_()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.raise_()

        await wait.submit()
        worker = await site.work()
        await started.raised()
        heartbeat = service_of(worker, Heartbeat)
        await heartbeat.turn()

        async def refuse(*_: Any) -> Any:
            raise StoreUnavailable

        monkeypatch.setattr(site.store, "heartbeat", refuse)
        monkeypatch.setattr(site.store, "rescue", refuse)
        (run,) = worker._runs.values()
        clock.advance(11)
        with pytest.raises(StoreUnavailable):
            await heartbeat.turn()
        assert run.interruption is None
        clock.advance(2)
        with pytest.raises(StoreUnavailable):
            await heartbeat.turn()
        assert run.interruption is Interruption.LOST
        await stopped.raised()


async def test_a_run_that_was_given_up_is_given_back_though_a_supervisor_keeps_its_lease(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F17: the store was away for nearly a lease, and the supervisor was the first to reach it again."""
    async with opened(tmp_path, clock=clock) as site:
        started = Flag()

        @site.jobs.operation("/wait")
        async def wait() -> None:
            started.raise_()
            await asyncio.Event().wait()

        handle = await wait.submit()
        worker = await site.work("worker-1")
        await started.raised()
        await worker.drain(patience=0)
        heartbeat = service_of(worker, Heartbeat)

        async def refuse(*_: Any) -> Any:
            raise StoreUnavailable

        with monkeypatch.context() as away:
            away.setattr(site.store, "heartbeat", refuse)
            clock.advance(13)  # of 15
            with pytest.raises(StoreUnavailable):
                await heartbeat.turn()
            await site.signals.told("job.late_write", job=handle.id)
        assert await site.store.keep("worker-1") == 1
        await heartbeat.turn()
        job = await handle.job()
        assert (job.status, job.crashes, job.failures) == (Status.QUEUED, 0, 0)
        assert await site.store.keep("worker-1") == 0


async def test_an_ending_waits_for_a_store_that_is_away(timed: Site, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    settle, tries, back = timed.store.settle_all, asyncio.Queue[None](), False

    async def refuse_until_back(endings: Any) -> Any:
        tries.put_nowait(None)
        if not back:
            raise StoreUnavailable
        return await settle(endings)

    monkeypatch.setattr(timed.store, "settle_all", refuse_until_back)

    @timed.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    await timed.work()
    for _ in range(3):
        await tries.get()
        await timed.jobs.wiring.clock.sleep(0)
        clock.advance(1)
    assert await handle.status() is Status.RUNNING
    back = True
    await tries.get()
    await timed.jobs.wiring.clock.sleep(0)
    clock.advance(1)
    assert await handle.result() == "hello"
    assert (await handle.job()).attempt == 1


async def test_a_worker_survives_a_store_that_is_away_while_it_claims(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, refusals = site.store.claim, iter([StoreUnavailable()])

    async def refuse_once(*arguments: Any) -> Any:
        for refusal in refusals:
            raise refusal
        return await claim(*arguments)

    monkeypatch.setattr(site.store, "claim", refuse_once)

    @site.jobs.operation("/echo")
    def echo(text: str) -> str:
        return text

    handle = await echo.submit("hello")
    worker = await site.work()
    await site.signals.told("service.failed")
    assert worker.bell is not None
    worker.bell.ring()
    await site.signals.told("service.recovered")
    assert await handle.result() == "hello"


async def test_a_sweep_takes_back_what_no_lease_covers_and_tells_of_it(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock=clock) as site:

        @site.jobs.operation("/echo")
        def echo(text: str) -> str:
            return text

        handle, cancelled = await echo.submit("hello"), await echo.submit("never mind")
        assert len(await site.store.claim("dead", ["echo"], 2)) == 2
        await cancelled.cancel()
        sweep = Rescue(store=site.store, deliveries=site.jobs.wiring.deliveries, telemetry=site.jobs.telemetry)
        await sweep.turn()
        assert await handle.status() is Status.RUNNING
        clock.advance(16)
        await sweep.turn()
        job = await handle.job()
        assert (job.status, job.crashes, job.failures) == (Status.QUEUED, 1, 0)
        assert await cancelled.status() is Status.CANCELLED
        assert await site.signals.told("job.rescued", job=handle.id)
        assert await site.signals.told("job.cancelled", job=cancelled.id)


async def test_the_third_loss_of_its_worker_fails_a_job_that_can_be_retried_by_hand(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock=clock) as site:

        @site.jobs.operation("/echo", retries=9)
        def echo(text: str) -> str:
            return text

        handle = await echo.submit("hello")
        for _ in range(3):
            assert await site.store.claim("doomed", ["echo"], 1)
            assert await site.store.rescue("doomed")
        problem = await site.failure(handle)
        assert problem.kind == "worker-lost"
        await site.jobs.wiring.jobs.retry(handle.id, "everyone", actor="everyone")
        await site.work()
        assert await handle.result() == "hello"
