"""`/webhooks`: endpoints that an owner registers, and the owner's own secret."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from coatcheck.http.admission import TRIALS
from coatcheck.push.endpoints import MOST, MOST_SECRETS
from coatcheck.secrets import Seal
from coatcheck.store.deliveries import owner_secret
from coatcheck.wire.signatures import parse_secret
from tests.http.site import Site, bearer, by_bearer, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "a secret of the application's own."
HOOK = "https://hooks.example.com/coatcheck?a=1"
ANN, BEN, ROOT = bearer("ann"), bearer("ben"), bearer("root")
NOBODYS = "ep_00000000000000000000000000000000"
NUMBERS = count(1)
SET_UP: dict[str, Any] = {"secret": SECRET, "public_url": "https://api.example.com"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """With webhooks set up, and a dispatcher nowhere."""
    async with running(tmp_path_factory.mktemp("webhooks"), authenticate=by_bearer, **SET_UP) as site:
        yield site


@pytest.fixture
def owner() -> dict[str, str]:
    """Somebody who has nothing yet."""
    return bearer(f"owner {next(NUMBERS)}")


def assert_refused(answer: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document["type"].endswith(f"/problems/{kind}")
    return document


async def registered(site: Site, owner: dict[str, str], **members: Any) -> dict[str, Any]:
    answer = await site.api.post("/webhooks", json={"url": HOOK, **members}, headers=owner)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_webhook_is_registered_and_its_secret_is_shown_once(site: Site, owner: dict[str, str]) -> None:
    answer = await site.api.post("/webhooks", json={"url": HOOK}, headers=owner)
    webhook = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.headers["location"] == f"https://api.example.com/webhooks/{webhook['webhookId']}"
    assert len(parse_secret(webhook.pop("secret"))) == 32
    assert (webhook["url"], webhook["disabled"], webhook["disabledAt"]) == (HOOK, False, None)
    assert webhook["events"] == ["job.cancelled", "job.completed", "job.failed"]
    path = f"/webhooks/{webhook['webhookId']}"
    assert (await site.api.get(path, headers=owner)).json() == webhook
    assert (await site.api.get("/webhooks", headers=owner)).json() == {"items": [webhook], "next": None}


async def test_secrets_are_stored_sealed_each_for_its_holder(site: Site, owner: dict[str, str]) -> None:
    webhook = await registered(site, owner)
    secret = parse_secret(webhook["secret"])
    (stored,) = await site.jobs.wiring.deliveries.secrets(webhook["webhookId"])
    assert secret not in stored.sealed
    assert Seal(SECRET).unseal(stored.sealed, webhook["webhookId"]) == secret


async def test_what_is_told_can_be_chosen(site: Site, owner: dict[str, str]) -> None:
    webhook = await registered(site, owner, events=["job.progress", "job.started", "job.progress"])
    assert webhook["events"] == ["job.progress", "job.started"]


@pytest.mark.parametrize(
    ("body", "status", "kind", "said"),
    [
        (b"{", 400, "malformed-body", "not well-formed"),
        (b"[]", 422, "invalid-arguments", "object"),
        (b"", 422, "invalid-arguments", "url"),
        (b'{"url": 7}', 422, "invalid-arguments", "/url"),
        (b'{"url": ""}', 422, "invalid-arguments", "/url"),
        (b'{"url": "https://a.example", "events": []}', 422, "invalid-arguments", "/events"),
        (b'{"url": "https://a.example", "events": ["job.done"]}', 422, "invalid-arguments", "job.done"),
        (b'{"url": "https://a.example", "events": ["webhook.test"]}', 422, "invalid-arguments", "webhook.test"),
        (b'{"url": "https://a.example", "secret": "mine"}', 422, "invalid-arguments", "secret"),
        (b'{"url": "http://a.example"}', 422, "destination-not-allowed", "Destination not allowed."),
        (b'{"url": "https://127.0.0.1/"}', 422, "destination-not-allowed", "Destination not allowed."),
        (b'{"url": "https://user@a.example/"}', 422, "destination-not-allowed", "Destination not allowed."),
        (b'{"url": "https://[::ffff:169.254.169.254]/"}', 422, "destination-not-allowed", "Destination not allowed."),
    ],
)
async def test_what_makes_no_sense_or_leads_nowhere_is_refused(
    site: Site, owner: dict[str, str], body: bytes, status: int, kind: str, said: str
) -> None:
    headers = {**owner, "Content-Type": "application/json"}
    answer = await site.api.post("/webhooks", content=body, headers=headers)
    assert said in assert_refused(answer, status, kind)["detail"]
    webhook = await registered(site, owner)
    if b"url" in body:
        changed = await site.api.patch(f"/webhooks/{webhook['webhookId']}", content=body, headers=headers)
        assert said in assert_refused(changed, status, kind)["detail"]
    assert len((await site.api.get("/webhooks", headers=owner)).json()["items"]) == 1


async def test_a_webhook_is_changed_disabled_and_enabled(site: Site, owner: dict[str, str]) -> None:
    path = f"/webhooks/{(await registered(site, owner))['webhookId']}"

    async def change(**members: Any) -> dict[str, Any]:
        answer = await site.api.patch(path, json=members, headers=owner)
        assert answer.status_code == 200
        assert (await site.api.get(path, headers=owner)).json() == answer.json()
        found: dict[str, Any] = answer.json()
        return found

    assert (await change())["url"] == HOOK
    moved = await change(url="https://other.example/", events=["job.failed"])
    assert (moved["url"], moved["events"], moved["disabled"]) == ("https://other.example/", ["job.failed"], False)
    disabled = await change(disabled=True)
    assert (disabled["disabled"], disabled["url"]) == (True, "https://other.example/")
    assert disabled["disabledAt"]
    assert disabled["disabledReason"]
    assert (await change(disabled=False))["disabledReason"] is None


async def test_a_removed_webhook_is_gone(site: Site, owner: dict[str, str]) -> None:
    path = f"/webhooks/{(await registered(site, owner))['webhookId']}"
    assert (await site.api.delete(path, headers=owner)).status_code == 204
    assert_refused(await site.api.get(path, headers=owner), 404, "webhook-not-found")
    assert_refused(await site.api.delete(path, headers=owner), 404, "webhook-not-found")


async def test_a_new_secret_takes_the_old_ones_place_after_an_overlap(site: Site, owner: dict[str, str]) -> None:
    webhook = await registered(site, owner)
    path, holder = f"/webhooks/{webhook['webhookId']}/rotate", webhook["webhookId"]
    answer = await site.api.post(path, headers=owner)
    assert answer.status_code == 200
    assert answer.json()["secret"] != webhook["secret"]
    newest, old = await site.jobs.wiring.deliveries.secrets(holder)
    assert newest.ends_at is None
    assert old.ends_at == pytest.approx(newest.created_at + 86400, abs=5)
    at_once = (await site.api.post(path, json={"overlap": 0}, headers=owner)).json()["secret"]
    site.clock.ahead += 1
    in_force = [Seal(SECRET).unseal(kept.sealed, holder) for kept in await site.jobs.wiring.deliveries.secrets(holder)]
    assert parse_secret(at_once) in in_force
    assert parse_secret(answer.json()["secret"]) not in in_force
    for overlap in (-1, 7 * 86400 + 1, "1 h", None):
        assert_refused(await site.api.post(path, json={"overlap": overlap}, headers=owner), 422, "invalid-arguments")


async def test_a_test_message_is_owed(site: Site, owner: dict[str, str]) -> None:
    webhook = await registered(site, owner)
    path = f"/webhooks/{webhook['webhookId']}"
    answer = await site.api.post(f"{path}/test", headers=owner)
    delivery = answer.json()
    assert (answer.status_code, delivery["type"], delivery["status"]) == (202, "webhook.test", "pending")
    assert (delivery["url"], delivery["webhookId"], delivery["jobId"], delivery["attempts"]) == (HOOK, webhook["webhookId"], None, [])
    (listed,) = (await site.api.get("/deliveries", headers=owner)).json()["items"]
    assert listed == delivery | {"nextAttemptAt": listed["nextAttemptAt"]}
    await site.api.patch(path, json={"disabled": True}, headers=owner)
    assert_refused(await site.api.post(f"{path}/test", headers=owner), 409, "webhook-disabled")


async def test_test_messages_have_a_rate(site: Site, owner: dict[str, str]) -> None:
    path = f"/webhooks/{(await registered(site, owner))['webhookId']}/test"
    for _ in range(int(TRIALS.times)):
        assert (await site.api.post(path, headers=owner)).status_code == 202
    refused = await site.api.post(path, headers=owner)
    assert_refused(refused, 429, "rate-limited")
    assert int(refused.headers["retry-after"]) > 0


async def test_so_many_secrets_are_in_force_and_no_more(site: Site, owner: dict[str, str]) -> None:
    """Messages are signed with each of them."""
    webhook = (await registered(site, owner))["webhookId"]
    for path, before in ((f"/webhooks/{webhook}/rotate", 1), ("/webhooks/secret", 0)):
        for _ in range(MOST_SECRETS - before):
            assert (await site.api.post(path, headers=owner)).is_success
        assert_refused(await site.api.post(path, headers=owner), 409, "too-many-secrets")


async def test_an_owner_has_so_many_webhooks_and_no_more(site: Site, owner: dict[str, str]) -> None:
    for _ in range(MOST):
        last = await registered(site, owner)
    assert_refused(await site.api.post("/webhooks", json={"url": HOOK}, headers=owner), 409, "too-many-webhooks")
    await registered(site, {**owner, "Authorization": "Bearer somebody else"})
    await site.api.delete(f"/webhooks/{last['webhookId']}", headers=owner)
    await registered(site, owner)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")],
)
async def test_another_owners_webhook_is_as_one_that_never_was(site: Site, owner: dict[str, str], method: str, path: str) -> None:
    """F76: the same status, and the same body; also for ids that are none. The operator sees it."""
    webhook = (await registered(site, owner))["webhookId"]
    answers = [
        await site.api.request(method, f"/webhooks/{found}{path}", headers=BEN)
        for found in (webhook, NOBODYS, "ep_1", "%2e%2e", f"{webhook}%00", "EP_" + "0" * 32)
    ]
    for answer in answers:
        assert_refused(answer, 404, "webhook-not-found")
    assert len({answer.content for answer in answers}) == 1
    assert (await site.api.get("/webhooks", headers=BEN)).json()["items"] == []
    assert (await site.api.request(method, f"/webhooks/{webhook}{path}", headers=ROOT)).is_success


async def test_the_owners_own_secret_is_made_replaced_and_shown_once(site: Site, owner: dict[str, str]) -> None:
    path = "/webhooks/secret"
    assert (await site.api.get(path, headers=owner)).json() == {"createdAt": None, "replacesUntil": None}
    made = await site.api.post(path, headers=owner)
    assert made.status_code == 201
    known = (await site.api.get(path, headers=owner)).json()
    assert (known["createdAt"], known["replacesUntil"]) == (made.json()["createdAt"], None)
    renewed = await site.api.post(path, json={"overlap": 3600}, headers=owner)
    assert renewed.json()["replacesUntil"] > renewed.json()["createdAt"]
    assert "secret" not in (await site.api.get(path, headers=owner)).json()
    holder = owner_secret(owner["Authorization"].removeprefix("Bearer "))
    stored = [Seal(SECRET).unseal(kept.sealed, holder) for kept in await site.jobs.wiring.deliveries.secrets(holder)]
    assert stored == [parse_secret(answer.json()["secret"]) for answer in (renewed, made)]


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT"])
async def test_the_owners_secret_is_no_webhook(site: Site, owner: dict[str, str], method: str) -> None:
    answer = await site.api.request(method, "/webhooks/secret", json={}, headers=owner)
    assert_refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_each_route_asks_who_it_is(site: Site) -> None:
    routes = [
        ("GET", "/webhooks"),
        ("POST", "/webhooks"),
        ("GET", "/webhooks/secret"),
        ("POST", "/webhooks/secret"),
        ("GET", "/deliveries"),
    ]
    one = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")]
    for method, path in [*routes, *((method, f"/webhooks/{NOBODYS}{path}") for method, path in one)]:
        assert_refused(await site.api.request(method, path), 401, "unauthenticated")


@pytest.mark.parametrize(("missing", "named"), [("secret", "COATCHECK_SECRET"), ("public_url", "COATCHECK_PUBLIC_URL")])
async def test_without_set_up_nothing_is_registered_and_what_to_set_is_said(tmp_path: Path, missing: str, named: str) -> None:
    """Jobs have no link to deliveries then."""
    async with running(tmp_path, **{name: value for name, value in SET_UP.items() if name != missing}) as site:
        for path, body in (("/webhooks", {"url": HOOK}), ("/webhooks/secret", {})):
            assert named in assert_refused(await site.api.post(path, json=body), 501, "not-configured")["detail"]
        assert (await site.api.get("/webhooks")).json()["items"] == []
        job = await site.submit()
        assert "deliveries" not in (await site.api.get(f"/jobs/{job}")).json()["_links"]
