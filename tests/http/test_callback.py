"""`webhookUrl`: a request says whom to tell how its job ended."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec
import pytest
import pytest_asyncio
from starlette.requests import Request

from coatcheck.app import Coatcheck
from coatcheck.domain.delivery import Delivery
from coatcheck.domain.endpoint import Occasion
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed
from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import ConfigurationError, DestinationNotAllowed, NotConfigured, WebhookSecretMissing
from coatcheck.http.message import message
from coatcheck.operations.upload import Upload
from tests.http.site import Site, bearer, by_bearer, json_result, running, stored
from tests.http.test_webhooks import SET_UP, assert_refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)
URL = "https://hooks.example.com/done"
OTHER = "https://other.example.com/done"
Owner = dict[str, str]


def told(jobs: Coatcheck) -> None:
    """Operations that tell, of each kind of body."""

    class Order(msgspec.Struct):
        item: str
        note: str | None = None

    @jobs.operation("/orders", webhooks=True)
    def order(order: Order) -> str:
        return order.item

    @jobs.operation("/sums", webhooks=True)
    def add(numbers: list[int]) -> int:
        return sum(numbers)

    @jobs.operation("/files", webhooks=True)
    def count_bytes(file: Upload) -> int:
        return file.size

    @jobs.operation("/ticks", webhooks=True)
    def tick() -> None: ...

    @jobs.operation("/views", durable=False, losable="It is only a page view.")
    def view(page: str) -> None: ...

    @jobs.operation("/links", durable=False, losable="It is only a link.")
    def link(webhookUrl: str) -> None: ...  # noqa: N803  a client's own name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running(tmp_path_factory.mktemp("callback"), authenticate=by_bearer, also=told, **SET_UP) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def owner(site: Site) -> Owner:
    """Somebody with a secret."""
    owner = bearer(f"caller {next(NUMBERS)}")
    assert (await site.api.post("/webhooks/secret", headers=owner)).status_code == 201
    return owner


async def post(site: Site, owner: Owner, body: Any, *, path: str = "/orders", query: str = "", **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return await site.api.post(f"{path}{query}", content=content, headers={**owner, "Content-Type": "application/json", **headers})


async def owed(site: Site, answer: httpx2.Response) -> list[Delivery]:
    """What is owed once the accepted job has ended: it is cancelled where it goes on."""
    assert answer.status_code == 202, answer.text
    job = answer.headers["location"].rpartition("/")[2]
    await site.store.cancel(job, SYSTEM, actor="test")
    return [*await site.jobs.wiring.deliveries.deliveries(SYSTEM, job_id=job)]


async def test_the_member_is_told_and_is_no_argument(site: Site, owner: Owner) -> None:
    answer = await post(site, owner, {"item": "chair", "webhookUrl": URL})
    (claim,) = await site.store.claim("w", ["order"], 1)
    assert claim.arguments == b'{"order":{"item":"chair","note":null}}'
    assert await site.store.settle(claim, Completed(json_result("chair")))
    (delivery,) = await owed(site, answer)
    assert (delivery.url, delivery.occasion, delivery.endpoint) == (URL, "job.completed", None)


@pytest.mark.parametrize(("path", "body"), [("/orders", {"item": "chair"}), ("/sums", [1, 2]), ("/ticks", b""), ("/files", b"abc")])
async def test_the_query_will_do_whatever_the_body_is(site: Site, owner: Owner, path: str, body: Any) -> None:
    headers = {"Content-Type": "text/plain"} if path == "/files" else {}
    answer = await post(site, owner, body, path=path, query=f"?webhookUrl={URL}", **headers)
    assert [delivery.url for delivery in await owed(site, answer)] == [URL]


def operation(document: dict[str, Any], path: str) -> dict[str, Any]:
    """A submission in an OpenAPI document, its references resolved."""

    def resolved(part: Any) -> Any:
        match part:
            case {"$ref": str(place)}:
                return resolved(document["components"]["schemas"][place.rpartition("/")[2]])
            case dict():
                return {name: resolved(value) for name, value in part.items()}
            case list():
                return [resolved(item) for item in part]
        return part

    found: dict[str, Any] = resolved(document["paths"][path]["post"])
    return found


async def test_the_document_says_where_it_may_stand_and_what_is_sent(site: Site, owner: Owner) -> None:
    """A real message has the members of the callback's schema."""
    document = (await site.api.get("/openapi.json", headers=owner)).json()
    order, add = operation(document, "/orders"), operation(document, "/sums")
    assert "webhookUrl" in order["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert "webhookUrl" in {parameter["name"] for parameter in add["parameters"]}
    assert "callbacks" not in operation(document, "/echo")
    assert "webhookUrl" not in {parameter["name"] for parameter in operation(document, "/echo")["parameters"]}
    called = order["callbacks"]["ended"]
    assert set(called) == {"{$request.query.webhookUrl}", "{$request.body#/webhookUrl}"}
    assert set(operation(document, "/files")["callbacks"]["ended"]) == {"{$request.query.webhookUrl}"}
    posted = called["{$request.query.webhookUrl}"]["post"]
    assert [parameter["name"] for parameter in posted["parameters"]] == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    job = (await post(site, owner, {"item": "chair"})).headers["location"].rpartition("/")[2]
    (claim,) = await site.store.claim("w", ["order"], 1)
    assert await site.store.settle(claim, Completed(json_result("chair")))
    ended = await site.store.get(job, SYSTEM)
    assert isinstance(ended, JobRecord)
    said = msgspec.json.decode(await message(site.jobs.wiring, Occasion.COMPLETED, ended, ended.completed_at or 0.0))
    schema = posted["requestBody"]["content"]["application/json"]["schema"]
    assert said["type"] in schema["properties"]["type"]["enum"]
    assert set(said) == set(schema["properties"])
    assert set(said["data"]) == set(schema["properties"]["data"]["properties"])
    assert schema["properties"]["data"]["properties"]["result"]["anyOf"][0] == {"type": "string"}


@pytest.mark.parametrize("body", [{"item": "x"}, {"item": "x", "webhookUrl": None}])
async def test_without_it_nobody_is_told(site: Site, owner: Owner, body: dict[str, Any]) -> None:
    assert await owed(site, await post(site, owner, body)) == []


@pytest.mark.parametrize("spelling", [b'"webhookUrl"', b'"\\u0077ebhookUrl"', b'"webhook\\u0055rl"'])
async def test_it_is_found_however_json_spells_it(site: Site, owner: Owner, spelling: bytes) -> None:
    answer = await post(site, owner, b'{"item": "chair", %s: "https://hooks.example.com/done"}' % spelling)
    assert [delivery.url for delivery in await owed(site, answer)] == [URL]


async def test_it_is_part_of_what_an_idempotency_key_is_bound_to(site: Site, owner: Owner) -> None:
    key = {"Idempotency-Key": "order-17"}
    first = await post(site, owner, {"item": "chair", "webhookUrl": URL}, **key)
    again = await post(site, owner, {"webhookUrl": URL, "item": "chair"}, **key)
    in_query = await post(site, owner, {"item": "chair"}, query=f"?webhookUrl={URL}", **key)
    assert {answer.headers["location"] for answer in (first, again, in_query)} == {first.headers["location"]}
    for body in ({"item": "chair"}, {"item": "chair", "webhookUrl": OTHER}):
        assert_refused(await post(site, owner, body, **key), 422, "idempotency-key-reused")
    assert len(await owed(site, first)) == 1


@pytest.mark.parametrize(
    ("body", "query", "status", "kind"),
    [
        ({"item": "x", "webhookUrl": 7}, "", 422, "invalid-arguments"),
        ({"item": "x", "webhookUrl": {"url": URL}}, "", 422, "invalid-arguments"),
        ({"item": "x", "webhookUrl": ""}, "", 422, "destination-not-allowed"),
        ({"item": "x", "webhookUrl": "https://127.0.0.1/"}, "", 422, "destination-not-allowed"),
        ({"item": "x", "webhookUrl": "http://hooks.example.com/"}, "", 422, "destination-not-allowed"),
        ({"item": "x"}, "?webhookUrl=https://localhost.local%5C@a.example/", 422, "destination-not-allowed"),
        ({"item": "x"}, f"?webhookUrl={URL}&webhookUrl={URL}", 400, "invalid-parameter"),
        ({"item": "x", "webhookUrl": URL}, f"?webhookUrl={URL}", 400, "invalid-parameter"),
        ({"item": 7, "webhookUrl": URL}, "", 422, "invalid-arguments"),
        (b'{"item": "x", "webhookUrl": "https://hooks.example.com/', "", 400, "malformed-body"),
        (b'{"webhookUrl": "' + URL.encode() + b'", "item": ' + b"[" * 100_000, "", 400, "malformed-body"),
    ],
)
async def test_what_cannot_be_told_is_refused_and_nothing_is_stored(
    site: Site, owner: Owner, body: Any, query: str, status: int, kind: str
) -> None:
    before = await stored(site)
    refused = assert_refused(await post(site, owner, body, query=query), status, kind)
    assert await stored(site) == before
    if body == {"item": "x", "webhookUrl": 7}:
        assert refused["errors"] == [{"pointer": "/webhookUrl", "detail": "It must be a URL."}]


async def test_an_owner_without_a_secret_is_told_to_make_one(site: Site) -> None:
    """The receiver could not tell the message from anybody else's."""
    nobody = bearer(f"caller {next(NUMBERS)}")
    before = {*site.jobs.wiring.blobs.keys(older_than=0)}
    for answer in (
        await post(site, nobody, {"item": "x", "webhookUrl": URL}),
        await post(site, nobody, b"abc", path="/files", query=f"?webhookUrl={URL}", **{"Content-Type": "text/plain"}),
    ):
        assert "/webhooks/secret" in assert_refused(answer, 422, "webhook-secret-missing")["detail"]
    assert {*site.jobs.wiring.blobs.keys(older_than=0)} == before


async def test_an_operation_that_tells_nobody_says_so_where_it_can_know(site: Site, owner: Owner) -> None:
    """In the query it would be overlooked; in the body the operation says what its members are."""
    assert_refused(await post(site, owner, {"text": "x"}, path="/echo", query=f"?webhookUrl={URL}"), 400, "invalid-parameter")
    assert_refused(await post(site, owner, {"text": "x", "webhookUrl": URL}, path="/echo"), 422, "invalid-arguments")


async def test_fire_and_forget_has_no_end_to_tell_of(site: Site, owner: Owner) -> None:
    """Unless the member is one of its own."""
    for body, query in (({"page": "start", "webhookUrl": URL}, ""), ({"page": "start"}, f"?webhookUrl={URL}")):
        detail = assert_refused(await post(site, owner, body, path="/views", query=query), 400, "invalid-parameter")["detail"]
        assert "fire and forget" in detail
    assert (await post(site, owner, {"webhookUrl": URL}, path="/links")).status_code == 202


@pytest.mark.parametrize("shape", ["argument", "member"])
async def test_a_member_of_the_operations_own_cannot_be_called_so(shape: str) -> None:
    class Body(msgspec.Struct):
        webhookUrl: str  # noqa: N815

    def by_argument(webhookUrl: str) -> None: ...  # noqa: N803
    def by_member(body: Body) -> None: ...

    with pytest.raises(ConfigurationError, match="the framework's"):
        Coatcheck().operation("/x", webhooks=True)(by_argument if shape == "argument" else by_member)


async def test_in_process_producers_are_held_to_the_same(tmp_path: Path) -> None:
    for settings, refused, url in (
        ({}, NotConfigured, URL),
        (SET_UP, WebhookSecretMissing, URL),
        (SET_UP, DestinationNotAllowed, "https://10.0.0.1/"),
    ):
        jobs = Coatcheck(store=f"sqlite:///{tmp_path}/jobs.db", **settings)

        @jobs.operation("/hello")
        def hello() -> None: ...

        async with jobs.opened():
            with pytest.raises(refused):
                await hello.options(owner="ann", webhook_url=url).submit()
            if settings:
                await jobs.wiring.endpoints.renew_owner_secret("ben")
                handle = await hello.options(owner="ben", webhook_url=URL).submit()
                await handle.cancel()
                (delivery,) = await jobs.wiring.deliveries.deliveries("ben", job_id=handle.id)
                assert delivery.url == URL


async def test_a_route_of_the_applications_own_can_pass_it_on(tmp_path: Path) -> None:
    """As an argument, or in the query of the request that it gives, where the operation takes any."""
    jobs = Coatcheck(store=f"sqlite:///{tmp_path}/jobs.db", **SET_UP)

    @jobs.operation("/hello", webhooks=True)
    def hello() -> None: ...

    @jobs.operation("/quiet")
    def quiet() -> None: ...

    def asking(url: str) -> Request:
        query = urlencode({"webhookUrl": url}).encode()
        return Request({"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": []})

    async with jobs.opened():
        await jobs.wiring.endpoints.renew_owner_secret("ben")
        for told, answer in (
            ([URL], await hello.accept(owner="ben", webhook_url=URL)),
            ([OTHER], await hello.accept(owner="ben", request=asking(OTHER))),
            ([URL], await hello.accept(owner="ben", request=asking(OTHER), webhook_url=URL)),
            ([], await quiet.accept(owner="ben", request=asking("its own affair"))),
        ):
            assert answer.status_code == 202
            job = answer.headers["location"].rpartition("/")[2]
            await jobs.wiring.jobs.cancel(job, "ben", actor="ben")
            assert [delivery.url for delivery in await jobs.wiring.deliveries.deliveries("ben", job_id=job)] == told
        refused = await hello.accept(owner="ben", request=asking("https://10.0.0.1/"))
        assert (refused.status_code, msgspec.json.decode(refused.body)["title"]) == (422, "Destination not allowed")
