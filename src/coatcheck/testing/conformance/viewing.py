"""Who sees what, and in which order."""

import pytest

from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.errors import JobNotRetryable
from coatcheck.store.contract import Listing, Store
from coatcheck.store.insight import Standing
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import COMPLETED, OWNER, TTL, ObservedStore, history, present, queued, running, standing


class Viewing(Handles):
    """Another owner's job is as good as unknown."""

    @pytest.mark.parametrize("status", list(Status))
    async def test_a_stranger_sees_nothing_and_changes_nothing(self, store: Store, status: Status) -> None:
        before = (await standing(store, status)).job
        events = await history(store, before.id)
        for stranger in ("bob", "", "ALICE", "alice ", "%", "system"):
            assert await store.get(before.id, stranger) is None
            assert await store.result(before.id, stranger) is None
            assert await store.events(before.id, stranger) == []
            assert await store.list(stranger, Listing()) == []
            assert await store.list(stranger, Listing(before=before.id)) == []
            assert await store.cancel(before.id, stranger, actor=stranger) is None
            assert await store.retry(before.id, stranger, actor=stranger) is None
        assert await present(store, before.id) == before
        assert await history(store, before.id) == events

    async def test_a_stranger_does_not_learn_that_a_job_expired(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        await store.settle(claim, COMPLETED)
        clock.advance(TTL)
        await store.prune()
        assert await store.get(claim.job_id, "bob") is None
        assert await store.cancel(claim.job_id, "bob", actor="bob") is None
        assert await store.get(claim.job_id, OWNER) is not None

    async def test_the_operator_sees_and_moves_every_job(self, store: Store) -> None:
        job = await queued(store, owner="bob")
        assert await store.get(job.id, SYSTEM) == job
        assert [seen.id for seen in await store.list(SYSTEM, Listing())] == [job.id]
        await store.cancel(job.id, SYSTEM, actor="operator")
        assert (await present(store, job.id)).status is Status.CANCELLED
        await store.retry(job.id, SYSTEM, actor="operator")
        with pytest.raises(JobNotRetryable):
            await store.retry(job.id, SYSTEM, actor="operator")

    async def test_the_newest_comes_first_page_by_page(self, store: Store, other: Store) -> None:
        """Nothing twice, nothing left out, though jobs arrive between two pages."""
        jobs = [(await queued(store)).id for _ in range(7)]
        await queued(store, owner="bob")
        pages: list[str] = []
        before = None
        while page := await other.list(OWNER, Listing(before=before, limit=3)):
            assert len(page) <= 3
            pages += [job.id for job in page]
            before = pages[-1]
            await queued(store)
        assert pages == jobs[::-1]

    async def test_a_page_goes_on_from_a_job_that_was_pruned_meanwhile(self, store: Store, clock: FakeClock) -> None:
        old = await queued(store)
        claim = await running(store, operation="invoice")
        await store.settle(claim, COMPLETED)
        clock.advance(TTL)
        await store.prune()
        assert [job.id for job in await store.list(OWNER, Listing(before=claim.job_id))] == [old.id]

    async def test_a_cursor_that_is_none_leads_nowhere(self, store: Store) -> None:
        await queued(store)
        assert await store.list(OWNER, Listing(before="nonsense")) == []

    async def test_jobs_are_filtered_by_status(self, store: Store) -> None:
        """`running` and `cancelling` are two."""
        jobs: dict[Status, str] = {status: (await standing(store, status)).job_id for status in Status if status is not Status.QUEUED}
        jobs[Status.QUEUED] = (await standing(store, Status.QUEUED)).job_id
        for status, job_id in jobs.items():
            found = await store.list(OWNER, Listing(statuses=frozenset({status})))
            assert [(job.id, job.status) for job in found] == [(job_id, status)]
        both = await store.list(SYSTEM, Listing(statuses=frozenset({Status.FAILED, Status.CANCELLING})))
        assert {job.id for job in both} == {jobs[Status.FAILED], jobs[Status.CANCELLING]}
        assert await store.list(OWNER, Listing(statuses=frozenset())) == []

    async def test_jobs_are_filtered_by_operation_and_time(self, store: Store, clock: FakeClock) -> None:
        start = clock.now()
        jobs = []
        for operation in ("report", "invoice", "report"):
            jobs.append((await queued(store, operation=operation)).id)
            clock.advance(10)
        assert [job.id for job in await store.list(OWNER, Listing(operation="report"))] == [jobs[2], jobs[0]]
        assert [job.id for job in await store.list(OWNER, Listing(created_after=start))] == [jobs[2], jobs[1]]
        assert [job.id for job in await store.list(OWNER, Listing(created_before=start + 20))] == [jobs[1], jobs[0]]
        assert [job.id for job in await store.list(OWNER, Listing(created_after=start, operation="invoice"))] == [jobs[1]]

    async def test_how_many_jobs_stand_is_told_at_once(self, store: ObservedStore, other: Store, clock: FakeClock) -> None:
        """Whoever owns them; every change raises the version; one that is no more is left out."""
        claims = {status: await standing(store, status) for status in reversed(Status)}  # the queued one last: the next claim is its
        told = await store.standing([claim.job_id for claim in claims.values()] + ["unknown"])
        assert told == {claim.job_id: Standing(claim.job.version, status.terminal) for status, claim in claims.items()}
        queued_id = claims[Status.QUEUED].job_id
        await other.cancel(queued_id, SYSTEM, actor="operator")
        now = (await store.standing([queued_id]))[queued_id]
        assert now.ended
        assert now.version > claims[Status.QUEUED].job.version
        clock.advance(TTL)
        await store.prune()
        assert set(await store.standing([claim.job_id for claim in claims.values()])) == {
            claim.job_id for status, claim in claims.items() if not status.terminal and status is not Status.QUEUED
        }
        assert await store.standing([]) == {}

    async def test_a_list_shows_jobs_without_their_results(self, store: Store) -> None:
        claim = await running(store)
        await store.settle(claim, COMPLETED)
        [job] = await store.list(OWNER, Listing())
        assert (job.id, job.status, job.result) == (claim.job_id, Status.COMPLETED, None)
