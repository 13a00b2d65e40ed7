"""What is accepted, and what a key leads to."""

import asyncio

import pytest

from coatcheck.domain.event import EventType
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.errors import IdempotencyKeyReused, JobExpired
from coatcheck.ids import new_job_id
from coatcheck.store.contract import IDEMPOTENCY_TTL, Listing, Store, Submitted
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    FAILED,
    OPERATION,
    OWNER,
    TTL,
    WORKER,
    history,
    present,
    running,
    submission,
)


class Submitting(Handles):
    """One job for one request, and not one too many."""

    async def test_what_was_submitted_is_there(self, store: Store, other: Store, clock: FakeClock) -> None:
        request = submission(delay=5.0)
        submitted = await store.submit(request)
        job = await present(other, request.id)
        assert submitted.job == job
        assert not submitted.replayed
        assert (job.owner, job.operation, job.status, job.version) == (OWNER, OPERATION, Status.QUEUED, 1)
        assert (job.created_at, job.not_before) == (clock.now(), clock.now() + 5)
        assert (job.max_attempts, job.timeout, job.attempt, job.fence) == (request.max_attempts, request.timeout, 0, 0)
        [event] = await other.events(job.id, OWNER)
        assert (event.seq, event.type, event.actor, event.at) == (1, EventType.ACCEPTED, OWNER, clock.now())

    async def test_a_key_leads_to_the_job_it_made(self, store: Store, other: Store) -> None:
        """With its present state, whatever became of it."""
        first = await store.submit(submission(idempotency_key="k", fingerprint=b"1"))
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        await store.settle(claim, COMPLETED)
        again = await other.submit(submission(idempotency_key="k", fingerprint=b"1"))
        assert again.replayed
        assert again.job == await present(store, first.job.id)
        assert len(await store.list(OWNER, Listing())) == 1

    async def test_a_key_used_with_another_request_is_refused(self, store: Store) -> None:
        first = await store.submit(submission(idempotency_key="k", fingerprint=b"1"))
        with pytest.raises(IdempotencyKeyReused):
            await store.submit(submission(idempotency_key="k", fingerprint=b"2"))
        assert await present(store, first.job.id) == first.job
        assert len(await store.list(OWNER, Listing())) == 1

    @pytest.mark.parametrize("change", [{"owner": "bob"}, {"operation": "invoice"}])
    async def test_a_key_belongs_to_its_owner_and_operation(self, store: Store, change: dict[str, str]) -> None:
        first = await store.submit(submission(idempotency_key="k", fingerprint=b"1"))
        second = await store.submit(submission(idempotency_key="k", fingerprint=b"2", **change))
        assert not second.replayed
        assert second.job.id != first.job.id

    async def test_one_key_at_the_same_instant_makes_one_job(self, store: Store, other: Store) -> None:
        requests = [submission(idempotency_key="k", fingerprint=b"1") for _ in range(64)]
        answers = await asyncio.gather(*((store, other)[number % 2].submit(request) for number, request in enumerate(requests)))
        assert len({answer.job.id for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1
        assert len(await store.list(SYSTEM, Listing())) == 1
        assert await history(store, answers[0].job.id) == ["accepted"]

    async def test_a_key_leads_to_its_job_in_every_life(self, store: Store, other: Store) -> None:
        """While it is being retried, too, whoever is first."""
        for _ in range(20):
            claim = await running(store, idempotency_key="k", fingerprint=b"1", owner=(owner := new_job_id()))
            await store.settle(claim, FAILED)
            repeated = [other.submit(submission(idempotency_key="k", fingerprint=b"1", owner=owner)) for _ in range(4)]
            retried = asyncio.ensure_future(store.retry(claim.job_id, owner, actor=owner))
            answers = await asyncio.gather(*repeated)
            await retried
            assert {(answer.job.id, answer.replayed) for answer in answers} == {(claim.job_id, True)}
            assert len(await store.list(owner, Listing())) == 1
            await store.cancel(claim.job_id, owner, actor=owner)

    async def test_a_key_that_is_sent_while_its_job_is_pruned_makes_no_other(self, store: Store, other: Store, clock: FakeClock) -> None:
        """It leads to the job, or says that it is gone."""
        for _ in range(20):
            owner = new_job_id()
            claim = await running(store, idempotency_key="k", fingerprint=b"1", owner=owner, ttl=1.0)
            await store.settle(claim, COMPLETED)
            clock.advance(1)
            repeated = [other.submit(submission(idempotency_key="k", fingerprint=b"1", owner=owner)) for _ in range(4)]
            _, *answers = await asyncio.gather(store.prune(), *repeated, return_exceptions=True)
            for answer in answers:
                if not isinstance(answer, JobExpired):
                    assert isinstance(answer, Submitted), answer
                    assert (answer.job.id, answer.replayed) == (claim.job_id, True)
            assert await store.list(owner, Listing()) == []

    async def test_a_key_lives_as_long_as_its_job(self, store: Store, clock: FakeClock) -> None:
        first = await store.submit(submission(idempotency_key="k", fingerprint=b"1"))
        clock.advance(IDEMPOTENCY_TTL + 1)
        await store.prune()
        assert (await store.submit(submission(idempotency_key="k", fingerprint=b"1"))).job.id == first.job.id

    async def test_a_key_lives_for_a_day_though_its_job_is_gone(self, store: Store, clock: FakeClock) -> None:
        """Whoever repeats the request then is told, rather than served a second time; after that the key is free."""
        claim = await running(store, idempotency_key="k", fingerprint=b"1")
        await store.settle(claim, COMPLETED)
        clock.advance(TTL)
        assert (await store.prune()).jobs == 1
        with pytest.raises(JobExpired):
            await store.submit(submission(idempotency_key="k", fingerprint=b"1"))
        with pytest.raises(IdempotencyKeyReused):
            await store.submit(submission(idempotency_key="k", fingerprint=b"2"))
        clock.advance(IDEMPOTENCY_TTL - TTL)
        fresh = await store.submit(submission(idempotency_key="k", fingerprint=b"2"))
        assert not fresh.replayed
        await store.prune()
        assert (await store.submit(submission(idempotency_key="k", fingerprint=b"2"))).job.id == fresh.job.id

    async def test_a_full_queue_still_answers_a_repeated_request(self, store: Store) -> None:
        first = await store.submit(submission(queue_bound=1, idempotency_key="k", fingerprint=b"1"))
        again = await store.submit(submission(queue_bound=1, idempotency_key="k", fingerprint=b"1"))
        assert (again.replayed, again.job.id) == (True, first.job.id)
