"""Many endings at once."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed, Outcome
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.store.contract import Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import (
    COMPLETED,
    CRASHED,
    FAILED,
    LEASE,
    OPERATION,
    OWNER,
    PROBLEM,
    RELEASED,
    RESCHEDULED,
    RESULT,
    WORKER,
    WORN_OUT,
    history,
    present,
    queued,
    running,
    standing,
)

_OTHER = Completed(replace(RESULT, size=2, digest="e" * 64, body=b"{}"))
_FILE = Completed(replace(RESULT, media_type="text/csv", body=None, blob="key", filename="month 4.csv"))
_OUTCOMES: list[Outcome] = [COMPLETED, FAILED, _OTHER, RELEASED, RESCHEDULED, _FILE, CRASHED, type(RESCHEDULED)(PROBLEM, 60.0), WORN_OUT]


class Settling(Handles):
    """Each ending is written as it is alone, and all in one transaction."""

    async def test_many_at_once_are_what_each_is_alone(self, store: Store) -> None:
        """Of all kinds, of runs that were to be cancelled, too, and of two workers."""
        together, alone = await _endings(store), await _endings(store)
        jobs = await store.settle_all(together)
        assert list(jobs) == [await present(store, claim.job_id) for claim, _ in together]
        assert [_comparable(job) for job in jobs] == [_comparable(await store.settle(*ending)) for ending in alone]
        assert [await _log(store, claim) for claim, _ in together] == [await _log(store, claim) for claim, _ in alone]
        assert [(await _log(store, claim))[-1].worker for claim, _ in together] == [claim.worker for claim, _ in together]
        results = [await store.result(claim.job_id, OWNER) for claim, _ in together]
        assert results == [outcome.result if isinstance(outcome, Completed) else None for _, outcome in together]

    async def test_claims_that_were_lost_are_told_from_those_that_hold(self, store: Store, clock: FakeClock) -> None:
        """Even where both are for one job, and of workers of one name."""
        old, lost = await running(store), await running(store)
        clock.advance(LEASE)
        await store.rescue()
        new, _ = await store.claim(WORKER, [OPERATION], 2)
        ended = await running(store)
        await store.settle(ended, COMPLETED)
        jobs = await store.settle_all([(old, _OTHER), (lost, FAILED), (new, COMPLETED), (ended, _OTHER)])
        assert [job is not None for job in jobs] == [False, False, True, False]
        assert (await present(store, new.job_id)).result == RESULT
        assert await history(store, new.job_id) == ["accepted", "started", "rescued", "started", "completed"]
        assert (await present(store, lost.job_id)).status is Status.RUNNING
        assert (await present(store, ended.job_id)).result == RESULT

    async def test_one_that_cannot_be_written_leaves_all_as_they_were(self, store: Store) -> None:
        claims = [await running(store) for _ in range(3)]
        broken = Completed(replace(RESULT, size="many"))
        with pytest.raises(Exception, match=r"."):
            await store.settle_all([(claims[0], COMPLETED), (claims[1], broken), (claims[2], FAILED)])
        for claim in claims:
            assert await present(store, claim.job_id) == claim.job
            assert await history(store, claim.job_id) == ["accepted", "started"]

    async def test_none_are_settled_at_once(self, store: Store) -> None:
        assert list(await store.settle_all([])) == []


async def _endings(store: Store) -> list[tuple[Claim, Outcome]]:
    endings = [(await standing(store, status), outcome) for outcome in _OUTCOMES for status in (Status.RUNNING, Status.CANCELLING)]
    await queued(store, operation="theirs")
    [theirs] = await store.claim("worker-2", ["theirs"], 1)
    return [*endings, (theirs, COMPLETED)]


def _comparable(job: JobRecord | None) -> JobRecord | None:
    return None if job is None else replace(job, id="")


async def _log(store: Store, claim: Claim) -> Sequence[Event]:
    return await store.events(claim.job_id, SYSTEM)
