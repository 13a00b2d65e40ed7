"""How many jobs there may be: in a queue, and of one owner."""

import asyncio
from typing import Any

import pytest

from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import CoatcheckError, QueueFull, TooManyJobs
from coatcheck.store.contract import Store
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    OPERATION,
    OWNER,
    RESCHEDULED,
    WORKER,
    ObservedStore,
    queued,
    running,
    submission,
)


async def _answers(stores: tuple[Store, ...], number: int, **changes: Any) -> list[BaseException | object]:
    """What became of so many submissions at once, through all stores in turn."""
    verbs = (stores[turn % len(stores)].submit(submission(**changes)) for turn in range(number))
    return await asyncio.gather(*verbs, return_exceptions=True)


def _refused(answers: list[BaseException | object], error: type[CoatcheckError]) -> int:
    assert all(isinstance(answer, error) for answer in answers if isinstance(answer, BaseException)), answers
    return sum(isinstance(answer, error) for answer in answers)


class Bounding(Handles):
    """Decided where the job would be stored, so that no two take the last place."""

    async def test_a_full_queue_takes_nothing(self, store: Store) -> None:
        for _ in range(2):
            await queued(store, queue_bound=2)
        refused = submission(queue_bound=2, idempotency_key="k", fingerprint=b"1")
        with pytest.raises(QueueFull, match="2 jobs of 'report' are waiting already"):
            await store.submit(refused)
        assert await store.get(refused.id, SYSTEM) is None
        await queued(store, queue_bound=2, operation="invoice")
        await store.claim(WORKER, [OPERATION], 1)
        assert not (await store.submit(refused)).replayed

    async def test_the_queue_bound_holds_against_many_at_once(self, store: ObservedStore, other: Store) -> None:
        assert _refused(await _answers((store, other), 40, queue_bound=5), QueueFull) == 35
        assert (await store.depths())[OPERATION].queued == 5

    async def test_all_queues_together_have_a_bound(self, store: Store) -> None:
        for operation in ("report", "invoice"):
            await queued(store, operation=operation, total_queue_bound=2)
        with pytest.raises(QueueFull, match="2 jobs are waiting already"):
            await store.submit(submission(operation="letter", total_queue_bound=2))
        await queued(store, operation="letter")
        await store.claim(WORKER, ["report", "invoice", "letter"], 2)
        await queued(store, operation="letter", total_queue_bound=2)

    async def test_the_bound_of_all_queues_holds_against_many_at_once(self, store: ObservedStore, other: Store) -> None:
        verbs = [
            (store, other)[turn % 2].submit(submission(operation=("report", "invoice", "letter")[turn % 3], total_queue_bound=5))
            for turn in range(42)
        ]
        assert _refused(await asyncio.gather(*verbs, return_exceptions=True), QueueFull) == 37
        assert sum(depth.queued for depth in (await store.depths()).values()) == 5

    async def test_an_owner_s_jobs_have_a_bound(self, store: Store, other: Store) -> None:
        """Waiting or running, of the operation; another's are no matter, and the end of one makes room."""
        claim = await running(store, in_flight_bound=2)
        await queued(store, in_flight_bound=2)
        with pytest.raises(TooManyJobs, match="You have 2 jobs of 'report' waiting or running already"):
            await other.submit(submission(in_flight_bound=2))
        await queued(other, in_flight_bound=2, owner="bob")
        await queued(other, in_flight_bound=2, operation="invoice")
        await store.settle(claim, COMPLETED)
        await queued(other, in_flight_bound=2)

    async def test_an_owner_s_jobs_of_all_operations_have_a_bound(self, store: Store, other: Store) -> None:
        claim = await running(store, total_in_flight_bound=2)
        await queued(store, total_in_flight_bound=2, operation="invoice")
        with pytest.raises(TooManyJobs, match="You have 2 jobs waiting or running already"):
            await other.submit(submission(total_in_flight_bound=2, operation="letter"))
        await queued(other, total_in_flight_bound=2, owner="bob")
        await store.settle(claim, COMPLETED)
        await queued(other, total_in_flight_bound=2, operation="letter")

    async def test_a_job_that_is_to_be_tried_again_counts(self, store: Store) -> None:
        await store.settle(await running(store, in_flight_bound=1), RESCHEDULED)
        with pytest.raises(TooManyJobs):
            await store.submit(submission(in_flight_bound=1))

    async def test_an_owner_s_bound_holds_exactly_against_many_at_once(self, store: Store, other: Store) -> None:
        """Whatever is queued in between by others, and again when the queue is far from full."""
        for held in (3, 6):
            mine = _answers((store, other), 30, in_flight_bound=held)
            others = _answers((store, other), 30, in_flight_bound=100, owner="bob")
            answers, rest = await asyncio.gather(mine, others)
            assert (_refused(answers, TooManyJobs), _refused(rest, TooManyJobs)) == (27, 0)

    async def test_an_owner_s_bound_is_exact_though_there_was_much_room_a_moment_ago(self, store: Store, other: Store) -> None:
        await queued(store, in_flight_bound=40)
        assert _refused(await _answers((other,), 60, in_flight_bound=40), TooManyJobs) == 21
        with pytest.raises(TooManyJobs):
            await store.submit(submission(in_flight_bound=40))

    async def test_an_owner_s_two_bounds_hold_together(self, store: Store, other: Store) -> None:
        answers = await _answers((store, other), 20, in_flight_bound=4, total_in_flight_bound=6)
        answers += await _answers((store, other), 20, in_flight_bound=4, total_in_flight_bound=6, operation="invoice")
        assert _refused(answers, TooManyJobs) == 34

    async def test_the_owner_is_told_of_its_own_bound_first(self, store: Store) -> None:
        await queued(store, queue_bound=1, in_flight_bound=1)
        with pytest.raises(TooManyJobs):
            await store.submit(submission(queue_bound=1, in_flight_bound=1))
        with pytest.raises(QueueFull):
            await store.submit(submission(queue_bound=1, in_flight_bound=1, owner="bob"))

    async def test_a_repeated_request_needs_no_place(self, store: Store, other: Store) -> None:
        bounds = {"queue_bound": 1, "total_queue_bound": 1, "in_flight_bound": 1, "total_in_flight_bound": 1}
        first = await store.submit(submission(**bounds, idempotency_key="k", fingerprint=b"1"))
        for handle in (store, other):
            again = await handle.submit(submission(**bounds, idempotency_key="k", fingerprint=b"1"))
            assert (again.replayed, again.job.id) == (True, first.job.id)

    async def test_what_is_refused_leaves_its_key_free(self, store: Store) -> None:
        claim = await running(store, in_flight_bound=1)
        with pytest.raises(TooManyJobs):
            await store.submit(submission(in_flight_bound=1, idempotency_key="k", fingerprint=b"1"))
        await store.settle(claim, COMPLETED)
        assert not (await store.submit(submission(in_flight_bound=1, idempotency_key="k", fingerprint=b"2"))).replayed

    async def test_one_of_many_keys_at_once_takes_one_place(self, store: Store, other: Store) -> None:
        bounds = {"in_flight_bound": 1, "idempotency_key": "k", "fingerprint": b"1"}
        assert _refused(await _answers((store, other), 20, **bounds), TooManyJobs) == 0
        with pytest.raises(TooManyJobs):
            await store.submit(submission(in_flight_bound=1, owner=OWNER))
