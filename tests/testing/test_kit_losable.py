"""Fire-and-forget requests under the test kit: no job, no handle, and yet nothing to wait for."""

import asyncio
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import QueueFull
from coatcheck.store.contract import Listing
from coatcheck.testing import inline, manual
from tests.testing.shop import Shop


async def test_inline_a_request_has_been_run_when_it_is_sent(shop: Shop) -> None:
    async with inline(shop.jobs):
        await shop.hint.send("tea")
        assert shop.noted == ["tea"]


def test_inline_a_request_has_been_run_when_it_is_answered(shop: Shop) -> None:
    with inline(shop.jobs):
        assert TestClient(shop.jobs).post("/hints", json={"item": "tea"}).status_code == 202
        assert shop.noted == ["tea"]


async def test_inline_what_a_job_sent_has_been_run_when_its_submission_returns(shop: Shop) -> None:
    async with inline(shop.jobs):
        submitting = asyncio.ensure_future(shop.leaflet.submit("slow"))
        await asyncio.to_thread(shop.started.wait)
        store = shop.jobs.wiring.store
        while [job.status for job in await store.list(SYSTEM, Listing())] != ["completed"]:
            await asyncio.to_thread(lambda: None)
        for _ in range(200):
            await asyncio.to_thread(lambda: None)
        assert not submitting.done()
        shop.go_on.set()
        await submitting
        assert shop.noted == ["slow"]


async def test_inline_what_a_request_sent_and_submitted_has_been_run(shop: Shop) -> None:
    async with inline(shop.jobs):
        await shop.gossip.send("tea")
        assert sorted(shop.noted) == ["price of tea", "tea"]


async def test_manual_a_request_waits_for_the_test_to_drain(shop: Shop) -> None:
    async with manual(shop.jobs) as kit:
        await shop.gossip.send("tea")
        assert shop.noted == []
        attempts = await kit.drain()
        assert [attempt.job.operation for attempt in attempts] == ["price"]
        assert sorted(shop.noted) == ["price of tea", "tea"]
        assert await kit.drain() == []


async def test_bounds_hold(tmp_path: Path) -> None:
    shop = Shop(tmp_path)

    @shop.jobs.operation("/few", durable=False, losable="there is room for one", queue_bound=1)
    def few() -> None: ...

    async with manual(shop.jobs) as kit:
        await few.send()
        with pytest.raises(QueueFull):
            await few.send()
        await kit.drain()
        await few.send()


async def test_what_nobody_drained_is_given_up_at_the_end(shop: Shop) -> None:
    async with manual(shop.jobs):
        await shop.hint.send("tea")
    assert shop.noted == []


async def test_no_resource_is_opened_before_there_is_a_request(shop: Shop) -> None:
    async with manual(shop.jobs):
        assert shop.till == []
        await shop.hint.send("tea")
        assert shop.till == ["opened"]
    assert shop.till == ["opened", "closed"]
