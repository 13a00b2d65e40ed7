"""What was sent of a job and what came of it, dead letters included, and sending it again."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from coatcheck.domain.delivery import DeliveryClaim, DeliveryStatus, Sent, Tried
from coatcheck.store.deliveries import Due
from tests.http.site import UNKNOWN, Site, bearer, by_bearer, running
from tests.http.test_webhooks import HOOK, SET_UP, assert_refused, registered

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)
NOBODYS = "msg_00000000000000000000000000000000"
Owner = dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Nothing is sent: a test is the dispatcher."""
    async with running(tmp_path_factory.mktemp("deliveries"), authenticate=by_bearer, **SET_UP) as site:
        yield site


@pytest.fixture
def owner() -> Owner:
    """Somebody who has nothing yet."""
    return bearer(f"receiver {next(NUMBERS)}")


async def completed(site: Site, owner: Owner) -> str:
    job: str = await site.bring_to("completed", headers=owner)
    return job


async def try_once(site: Site, becomes: DeliveryStatus, **attempt: Any) -> DeliveryClaim:
    """Claim what is due, which must be one delivery, and say that an attempt had that outcome."""
    (claim,) = await site.jobs.wiring.deliveries.claim_deliveries("d", Due(limit=10, per_target=10, lease=60))
    tried = Sent(at=site.clock.now(), duration=0.25, **attempt)
    outcome = Tried(attempt=tried, status=becomes, delay=0.0 if becomes is DeliveryStatus.PENDING else None)
    assert await site.jobs.wiring.deliveries.settle_delivery(claim, outcome, dispatcher="d")
    return claim


async def listed(site: Site, owner: Owner, path: str) -> list[dict[str, Any]]:
    answer = await site.api.get(path, headers=owner)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_delivery_is_listed_with_each_of_its_attempts(site: Site, owner: Owner) -> None:
    webhook = await registered(site, owner)
    job = await completed(site, owner)
    link = (await site.api.get(f"/jobs/{job}", headers=owner)).json()["_links"]["deliveries"]
    assert link == {"href": f"https://api.example.com/jobs/{job}/deliveries", "method": "GET"}
    await try_once(site, DeliveryStatus.PENDING, error="ConnectTimeout")
    await try_once(site, DeliveryStatus.PENDING, status=500, error="500", answer=b"no \xff room")
    claim = await try_once(site, DeliveryStatus.DELIVERED, status=204)
    (delivery,) = await listed(site, owner, f"/jobs/{job}/deliveries")
    assert (delivery["deliveryId"], delivery["type"], delivery["status"]) == (claim.delivery.id, "job.completed", "delivered")
    assert (delivery["url"], delivery["webhookId"], delivery["jobId"]) == (HOOK, webhook["webhookId"], job)
    assert (delivery["event"], delivery["nextAttemptAt"]) == (3, None)
    shown = [(attempt["number"], attempt["status"], attempt["error"], attempt["answer"]) for attempt in delivery["attempts"]]
    assert shown == [(1, None, "ConnectTimeout", ""), (2, 500, "500", "no \ufffd room"), (3, 204, None, "")]
    assert {attempt["duration"] for attempt in delivery["attempts"]} == {0.25}


async def test_dead_letters_are_listed_and_sent_again_under_their_id(site: Site, owner: Owner) -> None:
    await registered(site, owner)
    job = await completed(site, owner)
    await try_once(site, DeliveryStatus.DEAD, status=500, error="500")
    (dead,) = await listed(site, owner, "/deliveries?status=dead")
    assert (dead["jobId"], dead["nextAttemptAt"]) == (job, None)
    again = await site.api.post(f"/jobs/{job}/deliveries/{dead['deliveryId']}/redeliver", headers=owner)
    assert (again.status_code, again.json()["status"], again.json()["deliveryId"]) == (202, "pending", dead["deliveryId"])
    assert again.json()["nextAttemptAt"]
    assert await listed(site, owner, "/deliveries?status=dead") == []
    assert (await try_once(site, DeliveryStatus.DELIVERED, status=200)).delivery.id == dead["deliveryId"]
    (delivered,) = await listed(site, owner, "/deliveries?status=delivered")
    assert [attempt["status"] for attempt in delivered["attempts"]] == [500, 200]


async def test_what_nothing_is_sent_to_cannot_be_sent_again(site: Site, owner: Owner) -> None:
    """The answer says so, instead of that it was accepted."""
    webhook = f"/webhooks/{(await registered(site, owner))['webhookId']}"
    job = await completed(site, owner)
    claim = await try_once(site, DeliveryStatus.DEAD, status=500, error="500")
    again = f"/jobs/{job}/deliveries/{claim.delivery.id}/redeliver"
    await site.api.patch(webhook, json={"disabled": True}, headers=owner)
    assert_refused(await site.api.post(again, headers=owner), 409, "webhook-disabled")
    await site.api.delete(webhook, headers=owner)
    refusal = await site.api.post(again, headers=owner)
    assert_refused(refusal, 409, "webhook-disabled")
    assert "removed" in refusal.json()["detail"]


async def test_lists_have_pages(site: Site, owner: Owner) -> None:
    for _ in range(3):
        await registered(site, owner)
    job = await completed(site, owner)
    whole = [delivery["deliveryId"] for delivery in await listed(site, owner, "/deliveries")]
    assert len(whole) == 3
    for path in ("/deliveries", f"/jobs/{job}/deliveries"):
        url, found = f"{path}?limit=2&status=pending", []
        while url:
            page = (await site.api.get(url, headers=owner)).json()
            found += [delivery["deliveryId"] for delivery in page["items"]]
            url = (page["next"] or "").removeprefix("https://api.example.com")
        assert found == whole
    for claim in await site.jobs.wiring.deliveries.claim_deliveries("d", Due(limit=10, per_target=10, lease=60)):
        attempt = Sent(at=site.clock.now(), duration=0.0, status=200)
        await site.jobs.wiring.deliveries.settle_delivery(claim, Tried(attempt=attempt, status=DeliveryStatus.DELIVERED), dispatcher="d")


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=201", "limit=many", "cursor=x", "cursor=msg_1"])
async def test_what_a_query_says_is_read_or_refused(site: Site, owner: Owner, query: str) -> None:
    assert_refused(await site.api.get(f"/deliveries?{query}", headers=owner), 400, "invalid-parameter")


async def test_another_owners_deliveries_are_as_none(site: Site, owner: Owner) -> None:
    """F76: the list of its job and the redelivery are 404 alike; the operator sees and does all."""
    await registered(site, owner)
    job = await completed(site, owner)
    claim = await try_once(site, DeliveryStatus.DEAD, error="x")
    stranger, mine = bearer("mallory"), await site.submit(headers=bearer("mallory"))
    assert await listed(site, stranger, "/deliveries") == []
    assert_refused(await site.api.get(f"/jobs/{job}/deliveries", headers=stranger), 404, "job-not-found")
    assert_refused(await site.api.get(f"/jobs/{UNKNOWN}/deliveries", headers=stranger), 404, "job-not-found")
    assert_refused(await site.api.post(f"/jobs/{job}/deliveries/{claim.delivery.id}/redeliver", headers=stranger), 404, "job-not-found")
    for delivery in (claim.delivery.id, NOBODYS, "msg_1", "x"):
        path = f"/jobs/{mine}/deliveries/{delivery}/redeliver"
        assert_refused(await site.api.post(path, headers=stranger), 404, "delivery-not-found")
    root = bearer("root")
    assert claim.delivery.id in {delivery["deliveryId"] for delivery in await listed(site, root, "/deliveries?status=dead")}
    assert (await site.api.post(f"/jobs/{job}/deliveries/{claim.delivery.id}/redeliver", headers=root)).status_code == 202
    await try_once(site, DeliveryStatus.DELIVERED, status=200)
    assert_refused(await site.api.post(f"/jobs/{mine}/deliveries/{claim.delivery.id}/redeliver", headers=root), 404, "delivery-not-found")
    await site.store.cancel(mine, "mallory", actor="test")


async def test_each_route_asks_who_it_is(site: Site) -> None:
    job = f"/jobs/{UNKNOWN}/deliveries"
    for method, path in (("GET", "/deliveries"), ("GET", job), ("POST", f"{job}/{NOBODYS}/redeliver")):
        assert_refused(await site.api.request(method, path), 401, "unauthenticated")
