"""A claim is a fence: what comes late lands nowhere."""

import pytest

from coatcheck.domain.claim import Claim, Heartbeat
from coatcheck.domain.outcome import Outcome
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.store.contract import LogEntry, Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    CRASHED,
    FAILED,
    LEASE,
    OPERATION,
    OWNER,
    RELEASED,
    RESCHEDULED,
    WORKER,
    WORN_OUT,
    history,
    present,
    running,
)

OUTCOMES: tuple[Outcome, ...] = (COMPLETED, FAILED, RESCHEDULED, RELEASED, CRASHED, WORN_OUT)


async def _superseded(store: Store, clock: FakeClock) -> tuple[Claim, Claim]:
    """A claim whose job was rescued and claimed again, by a worker of the same name: the fence alone tells them apart."""
    old = await running(store)
    clock.advance(LEASE)
    await store.rescue()
    [new] = await store.claim(WORKER, [OPERATION], 1)
    return old, new


class Fencing(Handles):
    """A zombie's writes change nothing, and it is told."""

    @pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
    async def test_a_late_settle_changes_nothing(self, store: Store, other: Store, clock: FakeClock, outcome: Outcome) -> None:
        old, new = await _superseded(store, clock)
        before, events = await present(store, old.job_id), await history(store, old.job_id)
        assert await other.settle(old, outcome) is None
        assert await present(store, old.job_id) == before
        assert await history(store, old.job_id) == events
        assert await store.result(old.job_id, OWNER) is None
        settled = await store.settle(new, COMPLETED)
        assert settled is not None
        assert settled.status is Status.COMPLETED

    async def test_a_late_report_changes_nothing(self, store: Store, other: Store, clock: FakeClock) -> None:
        old, _ = await _superseded(store, clock)
        before, events = await present(store, old.job_id), await history(store, old.job_id)
        assert not await other.report(old, Progress(percent=90), [LogEntry("info", "still here", clock.now())])
        assert await present(store, old.job_id) == before
        assert await history(store, old.job_id) == events

    async def test_a_late_checkpoint_changes_nothing(self, store: Store, other: Store, clock: FakeClock) -> None:
        old, new = await _superseded(store, clock)
        assert await store.checkpoint(new, b'{"rows": 7}')
        assert not await other.checkpoint(old, b'{"rows": 1}')
        await store.settle(new, RELEASED)
        [next_claim] = await store.claim(WORKER, [OPERATION], 1)
        assert next_claim.checkpoint == b'{"rows": 7}'

    async def test_a_late_heartbeat_renews_nothing_and_says_so(self, store: Store, other: Store, clock: FakeClock) -> None:
        old, _ = await _superseded(store, clock)
        clock.advance(LEASE - 1)
        assert await other.heartbeat(WORKER, {old.job_id: old.fence}) == Heartbeat(lost=frozenset({old.job_id}))
        clock.advance(1)
        assert [job.id for job in await store.rescue()] == [old.job_id]

    @pytest.mark.parametrize("second", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
    @pytest.mark.parametrize("first", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
    async def test_only_the_first_of_two_settles_lands(self, store: Store, other: Store, first: Outcome, second: Outcome) -> None:
        claim = await running(store)
        settled = await store.settle(claim, first)
        assert settled is not None
        assert await other.settle(claim, second) is None
        assert await present(store, claim.job_id) == settled
        assert len(await history(store, claim.job_id)) == 3

    @pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
    async def test_a_claim_that_was_settled_writes_no_more(self, store: Store, outcome: Outcome) -> None:
        claim = await running(store)
        await store.settle(claim, outcome)
        settled = await present(store, claim.job_id)
        assert not await store.report(claim, Progress(percent=1))
        assert not await store.checkpoint(claim, b"{}")
        assert (await store.heartbeat(WORKER, {claim.job_id: claim.fence})).lost == {claim.job_id}
        assert await present(store, claim.job_id) == settled

    async def test_the_fence_rises_with_every_claim(self, store: Store, clock: FakeClock) -> None:
        """Release, reschedule, crash, rescue and retry all hand out a higher one."""
        fences = []
        claim = await running(store)
        for outcome in (RELEASED, RESCHEDULED, CRASHED, FAILED):
            fences.append(claim.fence)
            await store.settle(claim, outcome)
            if outcome is FAILED:
                await store.retry(claim.job_id, OWNER, actor=OWNER)
            [claim] = await store.claim(WORKER, [OPERATION], 1)
        fences.append(claim.fence)
        clock.advance(LEASE)
        await store.rescue()
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        fences.append(claim.fence)
        assert fences == sorted(set(fences))
        assert claim.job.fence == claim.fence
