"""Many in one statement; and what becomes of the others when one goes wrong."""

import asyncio
from functools import partial

import psycopg
import pytest

from coatcheck import failpoints
from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import IdempotencyKeyReused, QueueFull, StoreUnavailable
from coatcheck.store.contract import Listing
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, WORKER, history, queued, running, submission


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


def _transactions(url: str) -> tuple[int, int]:
    """How many wrote the jobs that are there, and how many jobs."""
    with psycopg.connect(url) as db:
        [found] = db.execute("SELECT count(DISTINCT xmin::text), count(*) FROM coatcheck.jobs").fetchall()
        return found[0], found[1]


async def test_submissions_that_wait_together_share_a_commit(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    await asyncio.gather(*(store.submit(submission()) for _ in range(64)))
    commits, jobs = _transactions(store_url)
    assert jobs == 64
    assert commits <= 4


async def test_endings_that_are_settled_together_share_a_commit(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    await asyncio.gather(*(store.submit(submission()) for _ in range(64)))
    claims = await store.claim(WORKER, [OPERATION], 64)
    settled = await store.settle_all([(claim, COMPLETED) for claim in claims])
    assert [job and job.id for job in settled] == [claim.job_id for claim in claims]
    assert _transactions(store_url)[0] == 1


async def test_a_submission_that_is_refused_takes_no_other_with_it(open_store: OpenStore) -> None:
    """Of 64 in one commit, those against the queue's bound and with a used key raise, the others are stored."""
    store = await open_store()
    good = [submission() for _ in range(30)]
    full = [submission(operation="full", queue_bound=0) for _ in range(30)]
    key = [submission(idempotency_key="k", fingerprint=bytes([number])) for number in range(4)]
    requests = [*good[:15], *full, *key, *good[15:]]
    answers = await asyncio.gather(*(store.submit(request) for request in requests), return_exceptions=True)
    errors = [type(answer) for answer in answers if isinstance(answer, Exception)]
    assert (errors.count(QueueFull), errors.count(IdempotencyKeyReused), len(errors)) == (30, 3, 33)
    assert {job.id for job in await store.list(SYSTEM, Listing(limit=100))} >= {request.id for request in good}


@pytest.mark.parametrize("broken", [{"arguments": "text where bytes belong"}, {"owner": "a\0b"}, {"max_attempts": 2**40}])
async def test_what_cannot_be_stored_fails_alone(open_store: OpenStore, broken: dict[str, object]) -> None:
    """Refused by the driver, or by the server in the middle of the statement."""
    store = await open_store()
    bad = submission(**broken)
    good = [submission(), submission()]
    answers = await asyncio.gather(*(store.submit(request) for request in (good[0], bad, good[1])), return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert {job.id for job in await store.list(SYSTEM, Listing())} == {request.id for request in good}


async def test_a_full_queue_is_kept_by_all_who_fill_it(open_store: OpenStore) -> None:
    """Counting is done alone: of four who see the same last places, no two take them."""
    stores = [await open_store() for _ in range(4)]
    for number in range(10):
        requests = [(store, submission(operation=f"operation-{number}", queue_bound=5)) for store in stores for _ in range(4)]
        await asyncio.gather(*(store.submit(request) for store, request in requests), return_exceptions=True)
    depths = await stores[0].depths()
    assert [depths[f"operation-{number}"].queued for number in range(10)] == [5] * 10


async def test_a_submission_that_is_repeated_under_its_id_is_found_again(open_store: OpenStore, store_url: str) -> None:
    """F21: the answer to a commit was lost, and nobody knows whether it is stored."""
    store = await open_store()
    request = submission()
    first, again = await store.submit(request), await store.submit(request)
    assert (again.job, again.replayed) == (first.job, False)
    assert await history(store, request.id) == ["accepted"]
    with psycopg.connect(store_url) as db:
        assert db.execute("SELECT count(*) FROM coatcheck.arguments").fetchone() == (1,)


async def test_a_commit_that_fails_promises_nothing(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    failpoints.arm("submit.before_commit=oserror")
    answers = await asyncio.gather(*(store.submit(submission()) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert _transactions(store_url) == (0, 0)
    assert (await queued(store)).version == 1


async def test_repeating_a_submit_whose_answer_was_lost_makes_one_job(open_store: OpenStore, store_url: str) -> None:
    """F05: stored, but the answer never came; the key leads to the job."""
    store = await open_store()
    failpoints.arm("submit.after_commit=oserror")
    request = partial(submission, idempotency_key="k", fingerprint=b"1")
    with pytest.raises(StoreUnavailable):
        await store.submit(request())
    assert (await store.submit(request())).replayed
    assert _transactions(store_url)[1] == 1


async def test_repeating_a_settle_whose_answer_was_lost_is_harmless(open_store: OpenStore) -> None:
    """F21: the second one is late, and nothing is written twice."""
    store = await open_store()
    claim = await running(store)
    failpoints.arm("settle.after_commit=oserror")
    with pytest.raises(StoreUnavailable):
        await store.settle(claim, COMPLETED)
    assert await store.settle(claim, COMPLETED) is None
    assert await history(store, claim.job_id) == ["accepted", "started", "completed"]


async def test_a_caller_that_gives_up_does_not_disturb_the_others(open_store: OpenStore) -> None:
    store = await open_store()
    requests = [submission() for _ in range(20)]
    tasks = [asyncio.ensure_future(store.submit(request)) for request in requests]
    impatient = [asyncio.ensure_future(store.submit(submission(operation="gone"))) for _ in range(20)]
    asyncio.get_running_loop().call_soon(lambda: [task.cancel() for task in impatient])
    answers = await asyncio.gather(*tasks)
    assert [answer.job.id for answer in answers] == [request.id for request in requests]
    assert all(isinstance(answer, asyncio.CancelledError) for answer in await asyncio.gather(*impatient, return_exceptions=True))
    assert (await queued(store)).version == 1


async def test_several_event_loops_share_a_store(open_store: OpenStore) -> None:
    """Each has connections of its own, which go with it."""
    store = await open_store()

    async def submit_some() -> list[str]:
        return [(await store.submit(submission())).job.id for _ in range(10)]

    made = await asyncio.gather(*(asyncio.to_thread(asyncio.run, submit_some()) for _ in range(4)))
    assert len({job_id for jobs in made for job_id in jobs}) == 40
    assert len(await store.list(SYSTEM, Listing(limit=200))) == 40


async def test_two_batches_that_meet_at_the_same_jobs_never_wait_for_each_other_in_a_circle(open_store: OpenStore) -> None:
    """Locks are taken in the order of rows, whatever the order of the calls: settling, keeping and rescuing at once."""
    stores = [await open_store(lease=600.0) for _ in range(3)]
    for _ in range(5):
        await asyncio.gather(*(stores[0].submit(submission()) for _ in range(40)))
        claims = await stores[0].claim(WORKER, [OPERATION], 40)
        held = {claim.job_id: claim.fence for claim in reversed(claims)}
        await asyncio.gather(
            *(stores[0].settle(claim, COMPLETED) for claim in claims),
            *(stores[1].settle(claim, COMPLETED) for claim in reversed(claims)),
            stores[2].heartbeat(WORKER, held),
            stores[1].keep(WORKER),
            stores[2].rescue("worker-2"),
        )
        for claim in claims:
            assert (await history(stores[0], claim.job_id))[-1] == "completed"
