"""What transitions owe to those who want to be told."""

import asyncio

import pytest

from coatcheck.domain.claim import Claim
from coatcheck.domain.delivery import DeliveryStatus
from coatcheck.domain.endpoint import Occasion
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.store.contract import LogEntry
from coatcheck.store.deliveries import EndpointChange
from coatcheck.store.undone import Undone
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    CRASHED,
    FAILED,
    OPERATION,
    OWNER,
    RELEASED,
    RESCHEDULED,
    TTL,
    WORKER,
    ObservedStore,
    queued,
    running,
    submission,
)
from coatcheck.testing.conformance.webhooks import DELIVERED, URL, claimed, ended, owed, registered, settle_all


async def _told(store: ObservedStore, job_id: str) -> list[tuple[str, int | None]]:
    """The occasions that a job owes, with the numbers of the events they tell of."""
    return [(delivery.occasion.value, delivery.event) for delivery in await owed(store, job_id=job_id)]


class Owing(Handles):
    """One delivery for each who asks, in the transition's transaction."""

    async def test_each_transition_that_somebody_asks_for_is_owed(self, store: ObservedStore, other: ObservedStore) -> None:
        endpoint = await registered(store)
        claim = await running(other)
        await other.report(claim, Progress(percent=1), [LogEntry("info", "line", 0.0)])
        await other.settle(claim, COMPLETED)
        assert await _told(store, claim.job_id) == [("job.started", 2), ("job.progress", 4), ("job.completed", 5)]
        for delivery in await owed(store):
            assert (delivery.owner, delivery.endpoint, delivery.url) == (OWNER, endpoint.id, URL)
            assert (delivery.status, delivery.attempts, delivery.history) == (DeliveryStatus.PENDING, 0, ())
            assert delivery.id.startswith("msg_")
            assert delivery.id[4:].isalnum()
        assert len({delivery.id for delivery in await owed(store)}) == 3

    async def test_it_is_due_from_the_moment_of_its_event(self, store: ObservedStore, clock: FakeClock) -> None:
        await registered(store)
        clock.advance(7)
        await ended(store)
        assert {(delivery.created_at, delivery.next_at) for delivery in await owed(store)} == {(clock.now(), clock.now())}

    @pytest.mark.parametrize("ending", ["failed", "cancelled", "worker-lost"])
    async def test_every_ending_is_owed_whoever_brings_it_about(self, store: ObservedStore, ending: str) -> None:
        await registered(store, occasions=frozenset({Occasion.FAILED, Occasion.CANCELLED}))
        claim = await running(store, webhook_url=URL)
        match ending:
            case "failed":
                await store.settle(claim, RESCHEDULED)
                [again] = await store.claim(WORKER, [OPERATION], 1)
                await store.settle(again, FAILED)
            case "cancelled":
                await store.cancel(claim.job_id, OWNER, actor=OWNER)
                await store.settle(claim, RELEASED)
            case _:
                for _ in range(3):
                    await store.rescue(WORKER)
                    await store.claim(WORKER, [OPERATION], 1)
        told = [occasion for occasion, _ in await _told(store, claim.job_id)]
        assert told == ["job.cancelled" if ending == "cancelled" else "job.failed"] * 2  # the endpoint and the job's own URL

    async def test_a_queued_job_that_is_cancelled_tells_so(self, store: ObservedStore) -> None:
        await registered(store)
        job = await queued(store)
        await store.cancel(job.id, OWNER, actor=OWNER)
        assert await _told(store, job.id) == [("job.cancelled", 2)]

    async def test_an_endpoint_is_owed_what_it_asks_for_alone(self, store: ObservedStore) -> None:
        started = await registered(store, occasions=frozenset({Occasion.STARTED}))
        completed = await registered(store, occasions=frozenset({Occasion.COMPLETED}))
        await registered(store, occasions=frozenset({Occasion.FAILED}))
        await ended(store)
        assert [(delivery.occasion, delivery.endpoint) for delivery in await owed(store)] == [
            (Occasion.STARTED, started.id),
            (Occasion.COMPLETED, completed.id),
        ]

    async def test_another_owner_s_endpoint_hears_nothing(self, store: ObservedStore) -> None:
        await registered(store, owner="mallory")
        await ended(store)
        assert await owed(store) == []

    async def test_the_end_is_told_to_the_job_s_own_url(self, store: ObservedStore) -> None:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        job_id = await ended(store, webhook_url=URL, traceparent=trace)
        [delivery] = await owed(store)
        assert delivery.traceparent == trace
        assert (delivery.job_id, delivery.url, delivery.endpoint, delivery.occasion) == (job_id, URL, None, Occasion.COMPLETED)

    async def test_each_of_many_submitted_at_once_keeps_its_own_url(self, store: ObservedStore) -> None:
        jobs = [submission(webhook_url=f"{URL}/{number}" if number % 2 else None) for number in range(20)]
        await asyncio.gather(*(store.submit(job) for job in jobs))
        await asyncio.gather(*(store.cancel(job.id, OWNER, actor=OWNER) for job in jobs))
        assert {delivery.job_id: delivery.url for delivery in await owed(store)} == {job.id: job.webhook_url for job in jobs[1::2]}

    async def test_every_life_owes_its_end(self, store: ObservedStore) -> None:
        claim = await running(store, webhook_url=URL)
        await store.settle(claim, FAILED)
        await store.retry(claim.job_id, OWNER, actor=OWNER)
        [again] = await store.claim(WORKER, [OPERATION], 1)
        await store.settle(again, COMPLETED)
        assert await _told(store, claim.job_id) == [("job.failed", 3), ("job.completed", 6)]

    async def test_an_attempt_that_is_not_the_end_owes_nothing_of_its_own(self, store: ObservedStore) -> None:
        await registered(store, occasions=frozenset({Occasion.FAILED, Occasion.COMPLETED, Occasion.CANCELLED}))
        claim = await running(store, webhook_url=URL)
        await store.settle(claim, RESCHEDULED)
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        await store.settle(claim, CRASHED)
        assert await owed(store) == []

    async def test_a_settlement_that_does_not_land_owes_nothing(self, store: ObservedStore) -> None:
        claim = await running(store, webhook_url=URL)
        await store.rescue(WORKER)
        assert await store.settle(claim, COMPLETED) is None
        assert await owed(store) == []

    async def test_what_a_transaction_owes_is_rolled_back_with_it(self, store: ObservedStore) -> None:
        await registered(store, occasions=frozenset({Occasion.COMPLETED}))
        claim = await running(store, webhook_url=URL)

        def refuse(_: object) -> Result:
            raise ValueError

        with pytest.raises(Undone):
            await store.complete(claim, refuse)
        assert await owed(store) == []
        await store.complete(claim, lambda _: COMPLETED.result)
        assert await _told(store, claim.job_id) == [("job.completed", 3)] * 2

    async def test_of_progress_that_nobody_has_begun_to_send_only_the_newest_is_told(self, store: ObservedStore) -> None:
        first = await registered(store, occasions=frozenset({Occasion.PROGRESS}))
        second = await registered(store, occasions=frozenset({Occasion.PROGRESS}))
        claim = await running(store)
        for percent in range(5):
            await store.report(claim, Progress(percent=percent))
        deliveries = await owed(store)
        assert {delivery.endpoint for delivery in deliveries} == {first.id, second.id}
        assert [delivery.event for delivery in deliveries] == [7, 7]

    async def test_progress_that_is_on_its_way_stays_what_it_is(self, store: ObservedStore, clock: FakeClock) -> None:
        """Else a message that is being written would tell of another event than its row does, and the newer would never be told."""
        await registered(store, occasions=frozenset({Occasion.PROGRESS}))
        job = await running(store)
        await store.report(job, Progress(percent=1))
        [claim] = await claimed(store)
        await _report_twice(store, job)
        assert [delivery.event for delivery in await owed(store)] == [3, 5]
        clock.advance(1000)
        assert len(await claimed(store)) == 2  # neither is in the other's way once the lease is over
        assert not await store.settle_delivery(claim, DELIVERED, dispatcher="dispatcher-1")

    async def test_progress_that_was_told_can_be_told_again_beside_newer(self, store: ObservedStore) -> None:
        await registered(store, occasions=frozenset({Occasion.PROGRESS}))
        job = await running(store)
        await store.report(job, Progress(percent=1))
        [claim] = await claimed(store)
        await settle_all(store, [claim])
        await _report_twice(store, job)
        await store.redeliver(claim.delivery.id, OWNER)
        assert [(delivery.event, delivery.status.value) for delivery in await owed(store)] == [(3, "pending"), (5, "pending")]

    async def test_progress_that_was_never_sent_can_be_told_again_beside_newer(self, store: ObservedStore) -> None:
        endpoint = await registered(store, occasions=frozenset({Occasion.PROGRESS}))
        job = await running(store)
        await store.report(job, Progress(percent=1))
        for disabled in (True, False):
            await store.change_endpoint(endpoint.id, OWNER, EndpointChange(disabled=disabled))
        await _report_twice(store, job)
        [dead, _] = await owed(store)
        await store.redeliver(dead.id, OWNER)
        assert [(delivery.event, delivery.status.value) for delivery in await owed(store)] == [(3, "pending"), (5, "pending")]

    async def test_a_job_that_owes_is_not_pruned(self, store: ObservedStore, clock: FakeClock) -> None:
        job_id = await ended(store, webhook_url=URL)
        await ended(store)
        clock.advance(TTL)
        assert (await store.prune()).jobs == 1
        await settle_all(store, await claimed(store))
        assert (await store.prune()).jobs == 1
        assert await owed(store) == []
        assert await store.deliveries(SYSTEM, job_id=job_id) == []


async def _report_twice(store: ObservedStore, claim: Claim) -> None:
    for percent in (2, 3):
        await store.report(claim, Progress(percent=percent))
