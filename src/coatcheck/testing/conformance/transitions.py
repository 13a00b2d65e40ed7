"""Each verb from each status: the domain's table, and nothing else."""

import pytest

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EventType
from coatcheck.domain.outcome import Outcome, verb
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status, Verb, transition
from coatcheck.errors import JobNotRetryable
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
    TTL,
    WORN_OUT,
    history,
    present,
    queued,
    running,
    standing,
)

_OUTCOMES: dict[Verb, Outcome] = {Verb.COMPLETE: COMPLETED, Verb.FAIL: FAILED, Verb.RESCHEDULE: RESCHEDULED, Verb.RELEASE: RELEASED}


async def _act(store: Store, clock: FakeClock, claim: Claim, verb: Verb) -> bool:
    """Do `verb` to the job; whether the store says that it did something."""
    match verb:
        case Verb.CLAIM:
            return len(await store.claim("worker-2", [OPERATION], 10)) == 1
        case Verb.RESCUE:
            clock.advance(LEASE)
            return len(await store.rescue()) == 1
        case Verb.CANCEL:
            return await store.cancel(claim.job_id, OWNER, actor=OWNER) != claim.job
        case Verb.RETRY:
            try:
                return await store.retry(claim.job_id, OWNER, actor=OWNER) is not None
            except JobNotRetryable:
                return False
        case _:
            return await store.settle(claim, _OUTCOMES[verb]) is not None


class Transitions(Handles):
    """What a verb does is what `coatcheck.domain.state.transition` says."""

    @pytest.mark.parametrize("verb", list(Verb))
    @pytest.mark.parametrize("status", list(Status))
    async def test_a_verb_leads_where_the_domain_says(self, store: Store, clock: FakeClock, status: Status, verb: Verb) -> None:
        """An impossible one changes nothing; a possible one raises version and event number by one."""
        claim = await standing(store, status)
        before = claim.job
        events = await history(store, claim.job_id)
        after = transition(status, verb)
        did = await _act(store, clock, claim, verb)
        job = await present(store, claim.job_id)
        if after is None or (status, verb) in ((Status.CANCELLING, Verb.CANCEL), (Status.CANCELLED, Verb.CANCEL)):
            assert not did
            assert job == before
        else:
            assert did
            assert (job.status, job.version, job.last_event) == (after, before.version + 1, before.last_event + 1)
        assert (await history(store, claim.job_id))[: len(events)] == events

    async def test_a_terminal_event_ends_each_life_once(self, store: Store) -> None:
        claim = await running(store)
        await store.settle(claim, FAILED)
        await store.cancel(claim.job_id, OWNER, actor=OWNER)
        await store.retry(claim.job_id, OWNER, actor=OWNER)
        [again] = await store.claim("worker-2", [OPERATION], 1)
        await store.settle(again, COMPLETED)
        assert await history(store, claim.job_id) == ["accepted", "started", "failed", "retried", "started", "completed"]

    async def test_a_completed_job_has_its_result_and_its_end(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        clock.advance(2)
        settled = await store.settle(claim, COMPLETED)
        job = await present(store, claim.job_id)
        assert settled == job
        assert (job.result, job.error, job.worker, job.progress.percent) == (RESULT, None, None, 100)
        assert (job.completed_at, job.expires_at) == (clock.now(), clock.now() + TTL)

    async def test_a_failed_job_tells_its_problem(self, store: Store) -> None:
        claim = await running(store)
        job = await store.settle(claim, FAILED)
        assert job is not None
        assert (job.error, job.failures, job.result) == (PROBLEM, 1, None)
        assert job == await present(store, claim.job_id)
        event = (await store.events(claim.job_id, SYSTEM))[-1]
        assert (event.type, event.reason, event.worker) == (EventType.FAILED, PROBLEM.detail, claim.worker)
        assert event.data is not None

    async def test_a_rescheduled_job_waits_and_shows_no_error(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        job = await store.settle(claim, type(RESCHEDULED)(PROBLEM, 60.0))
        assert job is not None
        assert (job.status, job.failures, job.error, job.not_before) == (Status.QUEUED, 1, None, clock.now() + 60)
        assert await store.claim("worker-2", [OPERATION], 1) == []
        clock.advance(60)
        assert len(await store.claim("worker-2", [OPERATION], 1)) == 1
        assert await history(store, claim.job_id) == ["accepted", "started", "attempt-failed", "started"]

    async def test_a_release_burns_no_retry(self, store: Store) -> None:
        claim = await running(store)
        job = await store.settle(claim, RELEASED)
        assert job is not None
        assert (job.status, job.failures, job.crashes, job.attempt) == (Status.QUEUED, 0, 0, 1)
        assert len(await store.claim("worker-2", [OPERATION], 1)) == 1

    async def test_a_crash_is_counted_and_burns_no_retry(self, store: Store) -> None:
        """The same as when a worker is lost: back to the queue at once."""
        claim = await running(store)
        job = await store.settle(claim, CRASHED)
        assert job is not None
        assert (job.status, job.failures, job.crashes, job.attempt, job.error) == (Status.QUEUED, 0, 1, 1, None)
        assert job == await present(store, claim.job_id)
        event = (await store.events(claim.job_id, SYSTEM))[-1]
        assert (event.type, event.reason, event.worker) == (EventType.RESCUED, CRASHED.reason, claim.worker)
        assert len(await store.claim("worker-2", [OPERATION], 1)) == 1

    async def test_the_last_crash_fails_the_job_and_is_no_failure_of_the_function(self, store: Store) -> None:
        claim = await running(store)
        job = await store.settle(claim, WORN_OUT)
        assert job is not None
        assert (job.status, job.failures, job.crashes, job.error) == (Status.FAILED, 0, 1, WORN_OUT.problem)
        assert await history(store, claim.job_id) == ["accepted", "started", "failed"]

    @pytest.mark.parametrize("outcome", [CRASHED, WORN_OUT], ids=["crashed", "worn out"])
    async def test_a_crash_of_a_run_that_was_to_be_cancelled_is_its_end(self, store: Store, outcome: Outcome) -> None:
        claim = await standing(store, Status.CANCELLING)
        job = await store.settle(claim, outcome)
        assert job is not None
        assert (job.status, job.failures, job.crashes, job.error) == (transition(Status.CANCELLING, verb(outcome)), 0, 1, None)
        assert job.status is Status.CANCELLED
        assert await history(store, claim.job_id) == ["accepted", "started", "cancel-requested", "cancelled"]

    async def test_a_retried_job_begins_a_new_life(self, store: Store, clock: FakeClock) -> None:
        """Fresh budgets and no trace of the old end, while attempt and fence go on rising."""
        claim = await running(store)
        await store.settle(claim, FAILED)
        clock.advance(10)
        job = await store.retry(claim.job_id, OWNER, actor=OWNER)
        assert job == await present(store, claim.job_id)
        assert (job.status, job.failures, job.crashes, job.error) == (Status.QUEUED, 0, 0, None)
        assert (job.completed_at, job.expires_at, job.cancel_requested_at, job.not_before) == (None, None, None, clock.now())
        [again] = await store.claim("worker-2", [OPERATION], 1)
        assert (again.attempt, again.fence) == (claim.attempt + 1, claim.fence + 1)

    async def test_only_the_first_cancel_of_a_running_job_is_an_event(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        first = await store.cancel(claim.job_id, OWNER, actor=OWNER)
        clock.advance(1)
        assert await store.cancel(claim.job_id, OWNER, actor=OWNER) == first
        assert await history(store, claim.job_id) == ["accepted", "started", "cancel-requested"]

    async def test_a_job_cancelled_in_the_queue_never_runs(self, store: Store) -> None:
        job = await queued(store)
        await store.cancel(job.id, OWNER, actor="bob")
        assert await store.claim("worker-2", [OPERATION], 1) == []
        [_, event] = await store.events(job.id, SYSTEM)
        assert (event.type, event.actor, event.status) == (EventType.CANCELLED, "bob", Status.CANCELLED)

    async def test_verbs_on_an_unknown_job_say_so(self, store: Store) -> None:
        unknown = (await standing(store, Status.QUEUED)).job_id[:-1] + "x"
        assert await store.get(unknown, SYSTEM) is None
        assert await store.result(unknown, SYSTEM) is None
        assert await store.cancel(unknown, SYSTEM, actor=OWNER) is None
        assert await store.retry(unknown, SYSTEM, actor=OWNER) is None
        assert await store.events(unknown, SYSTEM) == []
