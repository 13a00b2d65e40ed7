"""Workers that die, and hosts that do."""

import pytest

from coatcheck.domain.claim import Heartbeat
from coatcheck.domain.event import EventType
from coatcheck.domain.outcome import CRASH_LIMIT
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.store.contract import Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    GRACE,
    LEASE,
    OPERATION,
    OWNER,
    RELEASED,
    TIMEOUT,
    WORKER,
    history,
    present,
    queued,
    running,
)


class Leases(Handles):
    """A lease ends by the store's clock, which no wall clock moves, and then the job is taken back."""

    async def test_a_job_whose_worker_died_is_started_again(self, store: Store, clock: FakeClock) -> None:
        """It counts a crash and none of the user's retries."""
        claim = await running(store)
        clock.advance(LEASE - 0.001)
        assert await store.rescue() == []
        clock.advance(0.001)
        [job] = await store.rescue()
        assert job == await present(store, claim.job_id)
        assert (job.status, job.crashes, job.failures, job.worker) == (Status.QUEUED, 1, 0, None)
        [again] = await store.claim("worker-2", [OPERATION], 1)
        assert (again.attempt, again.arguments) == (2, claim.arguments)
        assert await history(store, claim.job_id) == ["accepted", "started", "rescued", "started"]

    async def test_a_heartbeat_keeps_the_lease(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        for _ in range(5):
            clock.advance(LEASE - 1)
            assert await store.heartbeat(WORKER, {claim.job_id: claim.fence}) == Heartbeat()
            assert await store.rescue() == []
        clock.advance(LEASE)
        assert len(await store.rescue()) == 1

    async def test_a_heartbeat_is_no_change_that_anybody_sees(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        before = await present(store, claim.job_id)
        clock.advance(1)
        await store.heartbeat(WORKER, {claim.job_id: claim.fence})
        assert await present(store, claim.job_id) == before

    async def test_a_heartbeat_tells_of_cancel_requests_and_losses(self, store: Store, other: Store) -> None:
        kept, cancelled, foreign = [await running(store) for _ in range(3)]
        await other.cancel(cancelled.job_id, OWNER, actor=OWNER)
        held = {kept.job_id: kept.fence, cancelled.job_id: cancelled.fence}
        assert await store.heartbeat(WORKER, held) == Heartbeat(cancel_requested=frozenset({cancelled.job_id}))
        assert (await store.heartbeat("worker-2", {foreign.job_id: foreign.fence})).lost == {foreign.job_id}
        assert await store.heartbeat(WORKER, {}) == Heartbeat()

    async def test_cancel_requests_are_those_of_the_worker(self, store: Store) -> None:
        first, second = await running(store), await running(store)
        await store.cancel(second.job_id, OWNER, actor=OWNER)
        assert await store.cancel_requests(WORKER) == {second.job_id}
        assert await store.cancel_requests("worker-2") == frozenset()
        assert first.job_id not in await store.cancel_requests(WORKER)

    @pytest.mark.parametrize("days", [-365, 365])
    async def test_a_jump_of_the_wall_clock_moves_no_lease(self, store: Store, clock: FakeClock, days: int) -> None:
        claim = await running(store)
        clock.set_wall(clock.now() + days * 86_400)
        assert await store.rescue() == []
        clock.advance(LEASE)
        assert [job.id for job in await store.rescue()] == [claim.job_id]

    async def test_a_supervisor_keeps_all_its_worker_holds(self, store: Store, other: Store, clock: FakeClock) -> None:
        await running(store)
        await running(store)
        await queued(store)
        [foreign] = await store.claim("worker-2", [OPERATION], 1)
        clock.advance(LEASE - 1)
        assert await other.keep(WORKER) == 2
        clock.advance(1)
        assert [job.id for job in await store.rescue()] == [foreign.job_id]

    @pytest.mark.parametrize("renew", ["keep", "heartbeat"])
    async def test_no_lease_is_renewed_beyond_deadline_and_grace(self, store: Store, clock: FakeClock, renew: str) -> None:
        """A function that hangs loses its job one lease after it should have been stopped, whoever renews."""
        claim = await running(store)
        limit, passed = TIMEOUT + GRACE + LEASE, 0.0
        while passed < limit:
            assert await store.rescue() == []
            step = min(LEASE / 2, limit - passed)
            clock.advance(step)
            passed += step
            if renew == "keep":
                await store.keep(WORKER)
            else:
                await store.heartbeat(WORKER, {claim.job_id: claim.fence})
        assert [job.id for job in await store.rescue()] == [claim.job_id]

    async def test_a_job_without_a_timeout_is_kept_as_long_as_it_takes(self, store: Store, clock: FakeClock) -> None:
        await running(store, timeout=None)
        for _ in range(3):
            await store.keep(WORKER)
            clock.advance(LEASE - 1)
            assert await store.rescue() == []

    async def test_a_dead_worker_gives_back_all_it_held_at_once(self, store: Store, other: Store) -> None:
        mine = [await running(store) for _ in range(3)]
        await queued(store)
        [foreign] = await store.claim("worker-2", [OPERATION], 1)
        rescued = await other.rescue(WORKER, limit=1)
        assert {job.id for job in rescued} == {claim.job_id for claim in mine}
        assert (await present(store, foreign.job_id)).status is Status.RUNNING
        assert await other.rescue(WORKER) == []

    async def test_who_holds_a_job_is_told_until_it_is_settled(self, store: Store, other: Store) -> None:
        first, second = await running(store), await running(store)
        await queued(store)
        assert await other.holders() == {WORKER}
        await store.claim("worker-2", [OPERATION], 1)
        assert await other.holders() == {WORKER, "worker-2"}
        await store.settle(first, COMPLETED)
        assert await other.holders() == {WORKER, "worker-2"}
        await store.cancel(second.job_id, OWNER, actor=OWNER)
        await store.rescue("worker-2")
        assert await other.holders() == {WORKER}
        await store.settle(second, RELEASED)
        assert await other.holders() == frozenset()

    async def test_a_poison_job_is_given_up_after_some_crashes(self, store: Store) -> None:
        """It fails as `worker-lost`, visibly, and can be retried by hand with a fresh crash budget."""
        job = await queued(store)
        for crash in range(1, CRASH_LIMIT + 1):
            await store.claim(WORKER, [OPERATION], 1)
            [job] = await store.rescue(WORKER)
            assert job.crashes == crash
        assert job == await present(store, job.id)
        assert job.status is Status.FAILED
        assert job.error is not None
        assert (job.error.kind, job.failures, job.completed_at is None, job.expires_at is None) == ("worker-lost", 0, False, False)
        assert (await store.events(job.id, SYSTEM))[-1].type is EventType.FAILED
        await store.retry(job.id, OWNER, actor=OWNER)
        await store.claim(WORKER, [OPERATION], 1)
        [job] = await store.rescue(WORKER)
        assert (job.status, job.crashes) == (Status.QUEUED, 1)

    async def test_a_cancelled_job_is_never_rescued_into_a_new_run(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        await store.cancel(claim.job_id, OWNER, actor=OWNER)
        clock.advance(LEASE)
        [job] = await store.rescue()
        assert job.status is Status.CANCELLED
        assert await store.claim(WORKER, [OPERATION], 1) == []
        assert await history(store, claim.job_id) == ["accepted", "started", "cancel-requested", "cancelled"]
