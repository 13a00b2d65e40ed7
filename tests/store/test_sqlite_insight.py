"""Estimates that stay cheap however long the queue is."""

import pytest

from coatcheck.store.sqlite import insight
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import OPERATION, WORKER, queued, submission


async def test_a_position_far_back_is_estimated_from_the_order_of_arrival(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact where jobs of two operations come alternately; counting stops after a few."""
    monkeypatch.setattr(insight, "_COUNTED", 3)
    store = await open_store()
    jobs = []
    for _ in range(12):
        jobs.append((await queued(store)).id)
        await queued(store, operation="invoice")
    await store.claim(WORKER, [OPERATION], 2)
    assert [await store.position(job) for job in jobs] == [None, None, *range(10)]


async def test_a_position_is_never_beyond_the_queue(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even for one that arrived last and is due first, or first and due last."""
    monkeypatch.setattr(insight, "_COUNTED", 2)
    store = await open_store()
    late = await queued(store, delay=1_000.0)
    jobs = [(await queued(store, delay=100.0)).id for _ in range(4)]
    early = await queued(store)
    assert await store.position(early.id) == 0
    for job_id in (late.id, *jobs):
        position = await store.position(job_id)
        assert position is not None
        assert 0 <= position <= 5


async def test_jobs_that_wait_for_their_time_are_not_ahead_of_one_that_need_not(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told apart on the way up to a number."""
    monkeypatch.setattr(insight, "_COUNTED", 3)
    store = await open_store()
    told = []
    for _ in range(3):
        told.append((await store.submit(submission())).ahead)
        assert (await store.submit(submission(delay=100.0))).ahead is None
    told.append((await store.submit(submission())).ahead)
    assert told == [0, 1, 2, None]
