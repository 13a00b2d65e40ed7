"""Two at once: one wins, the other sees what it won."""

import asyncio
from collections.abc import Sequence

import pytest

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Outcome
from coatcheck.domain.state import Status
from coatcheck.errors import JobNotRetryable
from coatcheck.store.contract import Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    FAILED,
    LEASE,
    OPERATION,
    OWNER,
    RELEASED,
    history,
    present,
    queued,
    running,
)

ROUNDS = 100
_ENDS = ("completed", "failed", "cancelled")


async def _claim_all(store: Store, worker: str, limit: int) -> list[Claim]:
    claims: list[Claim] = []
    while taken := await store.claim(worker, [OPERATION], limit):
        claims += taken
    return claims


class Races(Handles):
    """Through two handles, which share nothing but the database."""

    @pytest.mark.parametrize("limit", [1, 3])
    async def test_no_job_is_claimed_twice(self, store: Store, other: Store, limit: int) -> None:
        jobs = {(await queued(store)).id for _ in range(120)}
        taken: Sequence[list[Claim]] = await asyncio.gather(
            *(_claim_all((store, other)[number % 2], f"worker-{number}", limit) for number in range(8))
        )
        claimed = [claim.job_id for claims in taken for claim in claims]
        assert len(claimed) == len(set(claimed))
        assert set(claimed) == jobs
        for job_id in jobs:
            assert await history(store, job_id) == ["accepted", "started"]

    @pytest.mark.parametrize("outcome", [COMPLETED, FAILED, RELEASED], ids=lambda outcome: type(outcome).__name__)
    async def test_cancel_against_settle_ends_a_job_once(self, store: Store, other: Store, outcome: Outcome) -> None:
        """Whichever comes first wins, and the loser sees the final state."""
        for _ in range(ROUNDS):
            claim = await running(store)
            verbs = [store.settle(claim, outcome), other.cancel(claim.job_id, OWNER, actor=OWNER)]
            settled, cancelled = await asyncio.gather(*verbs)
            job = await present(store, claim.job_id)
            assert isinstance(settled, JobRecord)
            assert isinstance(cancelled, JobRecord)
            assert job == max(settled, cancelled, key=lambda seen: seen.version)
            events = await history(store, claim.job_id)
            assert sum(event in _ENDS for event in events) == 1
            assert events[-1] == job.status.value

    async def test_cancel_against_claim_never_leaves_a_run_unasked(self, store: Store, other: Store) -> None:
        """Either it never starts, or the run that starts is asked to stop."""
        for _ in range(ROUNDS):
            queued_job = await queued(store)
            claims, _ = await asyncio.gather(store.claim("worker-1", [OPERATION], 1), other.cancel(queued_job.id, OWNER, actor=OWNER))
            job = await present(store, queued_job.id)
            if claims:
                assert job.status is Status.CANCELLING
                await store.settle(claims[0], RELEASED)
            assert (await present(store, queued_job.id)).status is Status.CANCELLED

    async def test_cancel_against_rescue_never_starts_it_again(self, store: Store, other: Store, clock: FakeClock) -> None:
        for _ in range(ROUNDS):
            claim = await running(store)
            clock.advance(LEASE)
            await asyncio.gather(store.rescue(), other.cancel(claim.job_id, OWNER, actor=OWNER))
            assert (await present(store, claim.job_id)).status is Status.CANCELLED
            assert await store.claim("worker-2", [OPERATION], 1) == []

    async def test_two_sweepers_count_one_crash(self, store: Store, other: Store, clock: FakeClock) -> None:
        for _ in range(ROUNDS):
            claim = await running(store)
            clock.advance(LEASE)
            swept = await asyncio.gather(store.rescue(), other.rescue())
            assert sum(len(jobs) for jobs in swept) == 1
            job = await present(store, claim.job_id)
            assert job.crashes == 1
            await store.cancel(job.id, OWNER, actor=OWNER)

    async def test_settle_against_rescue_ends_a_job_once(self, store: Store, other: Store, clock: FakeClock) -> None:
        for _ in range(ROUNDS):
            claim = await running(store)
            clock.advance(LEASE)
            settled, rescued = await asyncio.gather(store.settle(claim, COMPLETED), other.rescue())
            assert (settled is None) == bool(rescued)
            job = await present(store, claim.job_id)
            assert job.status is (Status.QUEUED if rescued else Status.COMPLETED)
            await store.cancel(job.id, OWNER, actor=OWNER)

    async def test_two_retries_open_one_life(self, store: Store, other: Store) -> None:
        for _ in range(ROUNDS // 4):
            claim = await running(store)
            await store.settle(claim, FAILED)
            answers = await asyncio.gather(
                *(handle.retry(claim.job_id, OWNER, actor=OWNER) for handle in (store, other)), return_exceptions=True
            )
            assert sum(isinstance(answer, JobNotRetryable) for answer in answers) == 1
            assert (await history(store, claim.job_id)).count("retried") == 1
            await store.cancel(claim.job_id, OWNER, actor=OWNER)
