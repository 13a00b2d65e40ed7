"""What is started, by whom, and in which order."""

from coatcheck.domain.event import EventType
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.store.contract import Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import OPERATION, OWNER, RELEASED, WORKER, present, queued, running


class Claiming(Handles):
    """Due jobs of registered operations, oldest first, each operation in its turn."""

    async def test_a_claim_carries_what_a_run_needs(self, store: Store, clock: FakeClock) -> None:
        job = await queued(store, arguments=b'{"month": 12}')
        clock.advance(5)
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        assert (claim.job_id, claim.worker, claim.arguments, claim.checkpoint) == (job.id, WORKER, b'{"month": 12}', None)
        assert (claim.attempt, claim.fence) == (1, claim.job.fence)
        assert claim.job == await present(store, job.id)
        assert (claim.job.status, claim.job.started_at, claim.job.worker) == (Status.RUNNING, clock.now(), WORKER)
        event = (await store.events(job.id, SYSTEM))[-1]
        assert (event.type, event.worker, event.attempt, event.at) == (EventType.STARTED, WORKER, 1, clock.now())

    async def test_the_oldest_comes_first(self, store: Store, clock: FakeClock) -> None:
        jobs = []
        for _ in range(5):
            jobs.append((await queued(store)).id)
            clock.advance(1)
        first = await store.claim(WORKER, [OPERATION], 2)
        rest = await store.claim(WORKER, [OPERATION], 10)
        assert [claim.job_id for claim in (*first, *rest)] == jobs

    async def test_jobs_of_one_instant_come_as_they_were_submitted(self, store: Store) -> None:
        jobs = [(await queued(store)).id for _ in range(5)]
        assert [claim.job_id for claim in await store.claim(WORKER, [OPERATION], 5)] == jobs

    async def test_a_delayed_job_waits_for_its_moment(self, store: Store, clock: FakeClock) -> None:
        job = await queued(store, delay=30.0)
        assert job.not_before == clock.now() + 30
        assert await store.claim(WORKER, [OPERATION], 1) == []
        clock.advance(30)
        assert [claim.job_id for claim in await store.claim(WORKER, [OPERATION], 1)] == [job.id]

    async def test_a_wall_clock_set_back_keeps_no_job_waiting(self, store: Store, clock: FakeClock) -> None:
        """Neither a new one nor one that was given back: only what is to wait looks at the wall clock."""
        given_back = await running(store)
        await store.settle(given_back, RELEASED)
        new, delayed = await queued(store), await queued(store, delay=30.0)
        clock.set_wall(clock.now() - 3600)
        claims = await store.claim(WORKER, [OPERATION], 3)
        assert [claim.job_id for claim in claims] == [given_back.job_id, new.id]
        clock.set_wall(delayed.not_before)
        assert [claim.job_id for claim in await store.claim(WORKER, [OPERATION], 3)] == [delayed.id]

    async def test_only_registered_operations_are_claimed(self, store: Store) -> None:
        await queued(store, operation="invoice")
        assert await store.claim(WORKER, [OPERATION], 10) == []
        assert await store.claim(WORKER, [], 10) == []
        assert len(await store.claim(WORKER, [OPERATION, "invoice"], 10)) == 1

    async def test_no_more_is_claimed_than_there_are_slots(self, store: Store) -> None:
        for _ in range(3):
            await queued(store)
        assert await store.claim(WORKER, [OPERATION], 0) == []
        assert len(await store.claim(WORKER, [OPERATION], 2)) == 2
        assert len(await store.claim(WORKER, [OPERATION], 2)) == 1

    async def test_operations_take_turns(self, store: Store) -> None:
        """A long queue of one does not keep another from its share."""
        for _ in range(20):
            await queued(store, operation="bulk")
        for _ in range(3):
            await queued(store, operation="quick")
        claims = await store.claim(WORKER, ["bulk", "quick"], 6)
        assert sorted(claim.job.operation for claim in claims) == ["bulk"] * 3 + ["quick"] * 3

    async def test_operations_take_turns_one_slot_at_a_time(self, store: Store) -> None:
        for operation in ("bulk", "quick") * 3:
            await queued(store, operation=operation)
        claims = [claim for _ in range(4) for claim in await store.claim(WORKER, ["bulk", "quick"], 1)]
        assert sorted(claim.job.operation for claim in claims) == ["bulk", "bulk", "quick", "quick"]

    async def test_an_attempt_begins_without_the_progress_of_the_last(self, store: Store) -> None:
        claim = await running(store)
        await store.report(claim, Progress(percent=80, message="nearly", current=8, total=10, unit="row"))
        await store.settle(claim, RELEASED)
        [again] = await store.claim(WORKER, [OPERATION], 1)
        assert again.job.progress == Progress()

    async def test_a_checkpoint_survives_release_loss_and_retry(self, store: Store) -> None:
        claim = await running(store)
        assert await store.checkpoint(claim, b'{"rows": 1}')
        assert await store.checkpoint(claim, b'{"rows": 2}')
        await store.settle(claim, RELEASED)
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        assert claim.checkpoint == b'{"rows": 2}'
        await store.rescue(WORKER)
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        assert claim.checkpoint == b'{"rows": 2}'
        await store.cancel(claim.job_id, OWNER, actor=OWNER)
        await store.settle(claim, RELEASED)
        await store.retry(claim.job_id, OWNER, actor=OWNER)
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        assert claim.checkpoint == b'{"rows": 2}'

    async def test_a_checkpoint_is_no_change_that_anybody_sees(self, store: Store) -> None:
        claim = await running(store)
        await store.checkpoint(claim, b"{}")
        assert await present(store, claim.job_id) == claim.job
