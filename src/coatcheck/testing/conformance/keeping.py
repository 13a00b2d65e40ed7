"""What is kept, how long, and what can be read of the whole."""

import asyncio
import random
from functools import partial

import msgspec
import pytest

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import Tombstone
from coatcheck.domain.outcome import Completed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import IdempotencyKeyReused, QueueFull, StoreUnavailable
from coatcheck.store.contract import Listing, Pruned, Store
from coatcheck.store.insight import Depth
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    FAILED,
    OPERATION,
    OWNER,
    RELEASED,
    RESCHEDULED,
    TOMBSTONE,
    TTL,
    WORKER,
    ObservedStore,
    OpenStore,
    queued,
    running,
    standing,
    submission,
)

_FILE = Result(media_type="text/csv", size=3, digest="f" * 64, blob="ab" * 16)


def _ring(loop: asyncio.AbstractEventLoop, heard: asyncio.Event) -> None:
    loop.call_soon_threadsafe(heard.set)


class Keeping(Handles):
    """Ended jobs go when their time has come; others never."""

    @pytest.mark.parametrize("status", [status for status in Status if status.terminal])
    async def test_an_expired_job_leaves_a_tombstone(self, store: Store, other: Store, clock: FakeClock, status: Status) -> None:
        claim = await standing(store, status)
        clock.advance(TTL - 1)
        assert await store.prune() == Pruned(0, 0)
        clock.advance(1)
        assert await store.prune() == Pruned(1, 0)
        stone = Tombstone(claim.job_id, OWNER, clock.now())
        assert await other.get(claim.job_id, OWNER) == stone
        assert await other.cancel(claim.job_id, OWNER, actor=OWNER) == stone
        assert await other.retry(claim.job_id, OWNER, actor=OWNER) == stone
        assert await other.result(claim.job_id, OWNER) is None
        assert await other.events(claim.job_id, OWNER) == []
        assert await other.list(OWNER, Listing()) == []

    async def test_a_tombstone_is_forgotten_in_the_end(self, store: Store, clock: FakeClock) -> None:
        claim = await standing(store, Status.COMPLETED)
        clock.advance(TTL)
        await store.prune()
        clock.advance(TOMBSTONE - 1)
        assert (await store.prune()).tombstones == 0
        clock.advance(1)
        assert (await store.prune()).tombstones == 1
        assert await store.get(claim.job_id, OWNER) is None

    @pytest.mark.parametrize("status", [status for status in Status if not status.terminal])
    async def test_an_unfinished_job_is_never_pruned(self, store: Store, clock: FakeClock, status: Status) -> None:
        claim = await standing(store, status)
        clock.advance(1000 * TTL)
        assert await store.prune() == Pruned(0, 0)
        assert await store.get(claim.job_id, OWNER) == claim.job

    async def test_a_retried_job_is_not_pruned_for_its_old_end(self, store: Store, clock: FakeClock) -> None:
        claim = await standing(store, Status.FAILED)
        await store.retry(claim.job_id, OWNER, actor=OWNER)
        clock.advance(TTL)
        assert await store.prune() == Pruned(0, 0)

    async def test_pruning_stops_at_its_limit(self, store: Store, clock: FakeClock) -> None:
        for _ in range(5):
            await standing(store, Status.COMPLETED)
        clock.advance(TTL)
        assert [(await store.prune(limit=2)).jobs for _ in range(4)] == [2, 2, 1, 0]

    async def test_files_of_pruned_jobs_are_handed_back(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        await store.settle(claim, Completed(_FILE))
        assert _FILE.blob is not None
        assert await store.unreferenced([_FILE.blob, "cd" * 16]) == {"cd" * 16}
        clock.advance(TTL)
        assert (await store.prune()).blobs == (_FILE.blob,)
        assert await store.unreferenced([_FILE.blob]) == {_FILE.blob}
        assert await store.unreferenced([]) == frozenset()

    async def test_files_of_a_submission_are_its_job_s_and_go_with_it(self, store: Store, clock: FakeClock) -> None:
        first, second = "ab" * 16, "cd" * 16
        claim = await running(store, blobs=(first, second, first))
        assert await store.unreferenced([first, second, "ef" * 16]) == {"ef" * 16}
        await store.settle(claim, Completed(_FILE))  # a result in the very file that was its input
        assert await store.unreferenced([first, second]) == frozenset()
        clock.advance(TTL)
        assert sorted((await store.prune()).blobs) == [first, second]
        assert await store.unreferenced([first, second]) == {first, second}

    async def test_a_submission_that_is_not_stored_keeps_no_files(self, store: Store) -> None:
        """A replay, a reused key and a full queue leave them to the caller."""
        await queued(store, idempotency_key="k", fingerprint=b"1", queue_bound=1)
        again = await store.submit(submission(queue_bound=1, idempotency_key="k", fingerprint=b"1", blobs=("ab" * 16,)))
        assert again.replayed
        with pytest.raises(IdempotencyKeyReused):
            await store.submit(submission(queue_bound=1, idempotency_key="k", fingerprint=b"2", blobs=("ab" * 16,)))
        with pytest.raises(QueueFull):
            await store.submit(submission(queue_bound=1, blobs=("ab" * 16,)))
        assert await store.unreferenced(["ab" * 16]) == {"ab" * 16}

    async def test_each_of_many_at_once_keeps_its_own_files(self, store: Store) -> None:
        keys = [f"{number:032x}" for number in range(40)]
        await asyncio.gather(*(queued(store, blobs=(key,)) for key in keys))
        assert await store.unreferenced([*keys, "f" * 32]) == {"f" * 32}

    async def test_a_file_that_another_job_refers_to_stays(self, store: Store, clock: FakeClock) -> None:
        for ttl in (TTL, 2 * TTL):
            await store.settle(await running(store, ttl=ttl), Completed(_FILE))
        clock.advance(TTL)
        assert await store.prune() == Pruned(1, 0)

    async def test_depths_stay_exact_whatever_happens(self, store: ObservedStore, other: Store, clock: FakeClock) -> None:
        """Compared with a count of the jobs themselves after every step of a random walk."""
        dice = random.Random(7)  # noqa: S311  a walk that can be walked again
        claims: list[Claim] = []
        for _ in range(150):
            match dice.randrange(6):
                case 0 | 1:
                    await queued(store, operation=dice.choice(("report", "invoice")))
                case 2:
                    claims += await other.claim(WORKER, ["report", "invoice"], dice.randrange(1, 3))
                case 3 if claims:
                    outcome = dice.choice((COMPLETED, FAILED, RESCHEDULED, RELEASED))
                    await store.settle(claims.pop(dice.randrange(len(claims))), outcome)
                case 4:
                    for job in await other.list(SYSTEM, Listing(limit=1)):
                        await other.cancel(job.id, SYSTEM, actor=OWNER)
                case _:
                    clock.advance(TTL / 20)
                    await store.prune()
            jobs = await store.list(SYSTEM, Listing(limit=1_000))
            counted = {
                operation: Depth(
                    sum(job.operation == operation and job.status is Status.QUEUED for job in jobs),
                    sum(job.operation == operation and job.status.held for job in jobs),
                )
                for operation in {job.operation for job in jobs}
            }
            assert await store.depths() == {name: depth for name, depth in counted.items() if depth != Depth()}

    async def test_durations_are_those_of_the_last_completed_runs(self, store: ObservedStore, clock: FakeClock) -> None:
        for seconds in (1, 2, 3):
            claim = await running(store)
            clock.advance(seconds)
            await store.settle(claim, COMPLETED)
        await store.settle(await running(store), FAILED)
        await store.settle(await running(store, operation="invoice"), COMPLETED)
        assert list(await store.durations(OPERATION)) == [3, 2, 1]
        assert list(await store.durations(OPERATION, last=2)) == [3, 2]
        assert list(await store.durations("unknown")) == []

    async def test_the_pace_is_that_of_the_last_hundred_or_of_the_last_minute(self, store: ObservedStore, clock: FakeClock) -> None:
        assert await store.drained(OPERATION) == 0
        for _ in range(30):
            await store.settle(await running(store), COMPLETED)
            clock.advance(1)
        await store.settle(await running(store, operation="invoice"), COMPLETED)
        await store.settle(await running(store), FAILED)
        assert await store.drained(OPERATION) == 30 / 60
        for _ in range(100):
            await store.settle(await running(store), COMPLETED)
            clock.advance(0.1)
        assert await store.drained(OPERATION) == pytest.approx(10)
        clock.advance(55)
        assert await store.drained(OPERATION) == pytest.approx(51 / 60, abs=2 / 60)
        clock.advance(60)
        assert await store.drained(OPERATION) == 0

    async def test_a_queued_job_has_a_position(self, store: ObservedStore) -> None:
        await queued(store, operation="invoice")
        await queued(store, delay=60.0)
        stored = await asyncio.gather(*(store.submit(submission()) for _ in range(3)))
        jobs = [each.job.id for each in stored]
        assert [each.ahead for each in stored] == [await store.position(job) for job in jobs] == [0, 1, 2]
        await store.claim(WORKER, [OPERATION], 1)
        assert [await store.position(job) for job in jobs] == [None, 0, 1]
        assert await store.position("unknown") is None

    async def test_whoever_listens_hears_of_changes_made_elsewhere(self, store: Store, other: Store) -> None:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        stop = store.listen(partial(_ring, loop, heard))
        claim = None
        for step in range(3):
            heard.clear()
            if step == 0:
                claim = await running(other)
            elif claim is not None:
                await other.settle(claim, RELEASED)
                [claim] = await other.claim(WORKER, [OPERATION], 1)
            await heard.wait()
        stop()
        stop()

    async def test_whoever_listens_hears_of_changes_made_here(self, store: Store) -> None:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        stop = store.listen(partial(_ring, loop, heard))
        for _ in range(3):  # the first hint may be for nothing
            heard.clear()
            await queued(store)
            await heard.wait()
        stop()

    async def test_what_was_stored_is_there_after_closing(self, store: Store, open_store: OpenStore, clock: FakeClock) -> None:
        claim = await running(store)
        await store.ping()
        await store.close()
        await store.close()
        again = await open_store(clock=clock)
        assert await again.get(claim.job_id, OWNER) == claim.job
        settled = await again.settle(claim, COMPLETED)
        assert settled is not None

    async def test_a_closed_store_says_that_it_is_unavailable(self, store: Store) -> None:
        job = await queued(store)
        await store.close()
        for verb in (store.get(job.id, OWNER), store.submit(submission()), store.ping(), store.claim(WORKER, [OPERATION], 1)):
            with pytest.raises(StoreUnavailable):
                await verb

    async def test_a_record_is_the_same_from_every_verb(self, store: Store) -> None:
        """What a verb returns is what a read finds."""
        claim = await running(store)
        cancelled = await store.cancel(claim.job_id, OWNER, actor=OWNER)
        assert cancelled == await store.get(claim.job_id, OWNER)
        settled = await store.settle(claim, COMPLETED)
        assert settled is not None
        assert settled == await store.get(claim.job_id, OWNER)
        [listed] = await store.list(OWNER, Listing())
        assert listed == msgspec.structs.replace(settled, result=None)
