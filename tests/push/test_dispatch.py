"""Deliveries: none is lost, none holds up another, and each attempt carries the same message under the same id."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from coatcheck.assembly import dispatchers
from coatcheck.domain.delivery import OUTCOME_UNKNOWN, DeliveryStatus
from coatcheck.domain.endpoint import SELECTABLE
from coatcheck.domain.owner import EVERYONE, SYSTEM
from coatcheck.push.dispatch import PER_TARGET, Dispatcher
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.kit import manual
from coatcheck.wire.signatures import SIGNATURE
from tests.push.conftest import SECRET, OpenSite
from tests.push.official import Signed, verdicts
from tests.push.receiver import Request, answering, hang, in_turn, receiving
from tests.services import on_sqlite


def said(request: Request) -> Any:
    return json.loads(request.body)


async def test_every_end_is_told_and_the_official_verifiers_accept_it(opened: OpenSite) -> None:
    async with receiving() as receiver, opened() as site:
        _, secret = await site.endpoint(receiver.url)
        done, failed = await site.echo.submit("hello"), await site.fail.submit()
        requests = {said(request)["type"]: request for request in await receiver.got(2)}
    completed, failure = said(requests["job.completed"])["data"], said(requests["job.failed"])["data"]
    assert (completed["jobId"], completed["status"], completed["result"]) == (done.id, "completed", "hello")
    assert completed["statusUrl"] == f"https://api.example.com/jobs/{done.id}"
    assert (failure["jobId"], failure["status"], failure["error"]["title"]) == (failed.id, "failed", "Closed")
    assert verdicts([Signed(secret, request.headers, request.body) for request in requests.values()]) == [True, True]


@on_sqlite
async def test_what_was_changed_or_signed_with_another_secret_is_refused_by_all_verifiers(opened: OpenSite) -> None:
    """F69: body, id and timestamp; an endpoint's secret is its own."""
    async with receiving() as receiver, receiving() as other, opened() as site:
        _, secret = await site.endpoint(receiver.url)
        _, anothers = await site.endpoint(other.url)
        await site.echo.submit("hello")
        (request,), (to_other,) = await receiver.got(), await other.got()
    earlier = {"webhook-timestamp": str(int(request.headers["webhook-timestamp"]) - 1)}
    good = Signed(secret, request.headers, request.body)
    changed = [
        good._replace(body=request.body.replace(b"hello", b"hallo")),
        good._replace(headers={**request.headers, "webhook-id": "msg_other"}),
        good._replace(headers={**request.headers, **earlier}),
        good._replace(headers={**request.headers, SIGNATURE: to_other.headers[SIGNATURE]}),
        good._replace(secret=anothers),
    ]
    assert verdicts([good, *changed]) == [True, *[False] * len(changed)]


@on_sqlite
async def test_while_a_secret_is_replaced_both_sign_and_then_the_old_one_is_of_no_use(opened: OpenSite) -> None:
    async with receiving() as receiver, opened() as site:
        endpoint, old = await site.endpoint(receiver.url)
        endpoints = site.jobs.wiring.endpoints
        _, new = await endpoints.rotate(endpoint.id, EVERYONE, overlap=3600)
        await site.echo.submit("during")
        await receiver.got(1)
        _, newest = await endpoints.rotate(endpoint.id, EVERYONE, overlap=0)
        await site.echo.submit("after")
        during, after = await receiver.got(2)
    assert during.headers[SIGNATURE].count("v1,") == 2
    held = [Signed(secret, during.headers, during.body) for secret in (old, new, newest)]
    later = [Signed(secret, after.headers, after.body) for secret in (old, new, newest)]
    assert verdicts(held + later) == [True, True, False, False, False, True]


async def test_a_delivery_that_failed_is_sent_again_the_same(opened: OpenSite) -> None:
    """F66: same id, same bytes; what each attempt came to is kept."""
    async with receiving(in_turn(answering(500, b"oops"), answering(503), answering(204))) as receiver, opened() as site:
        await site.endpoint(receiver.url)
        await site.echo.submit("hello")
        told = await site.signals.told("delivery.delivered")
        requests = await receiver.got(3)
        (delivery,) = await site.deliveries()
    assert len({(request.id, request.body) for request in requests}) == 1
    assert (delivery.id, delivery.status, delivery.attempts) == (requests[0].id, DeliveryStatus.DELIVERED, 3)
    assert [(attempt.number, attempt.status, attempt.error, attempt.answer) for attempt in delivery.history] == [
        (1, 500, "answered 500", b"oops"),
        (2, 503, "answered 503", b""),
        (3, 204, None, b""),
    ]
    assert told["delivery"] == delivery.id


async def test_after_the_last_attempt_it_is_dead_until_somebody_asks_for_it_again(opened: OpenSite) -> None:
    async with receiving(answering(500)) as receiver, opened() as site:
        await site.endpoint(receiver.url)
        await site.echo.submit("hello")
        await site.signals.told("delivery.dead")
        (dead,) = await site.deliveries()
        assert (dead.status, dead.next_at, len(dead.history)) == (DeliveryStatus.DEAD, None, 4)
        assert await site.jobs.wiring.deliveries.dead_deliveries() == 1
        receiver.answer = answering(200)
        await site.jobs.wiring.deliveries.redeliver(dead.id, SYSTEM)
        facts = await site.signals.told("delivery.delivered")
        requests = await receiver.got(5)
        (delivered,) = await site.deliveries()
    assert (delivered.status, [attempt.number for attempt in delivered.history]) == (DeliveryStatus.DELIVERED, [1, 2, 3, 4, 5])
    assert facts["attempt"] == 5  # as the list has it
    assert {(request.id, request.body) for request in requests} == {(dead.id, requests[0].body)}


async def test_an_endpoint_that_is_gone_is_sent_nothing_more(opened: OpenSite) -> None:
    """F67: 410."""
    async with receiving(answering(410)) as receiver, opened() as site:
        endpoint, _ = await site.endpoint(receiver.url)
        await site.echo.submit("one")
        facts = await site.signals.told("endpoint.disabled")
        await (await site.echo.submit("two")).result()
        (delivery,) = await site.deliveries()
        disabled = await site.jobs.wiring.endpoints.get(endpoint.id, EVERYONE)
    assert (facts["endpoint"], disabled.disabled_reason) == (endpoint.id, "It answered 410 Gone.")
    assert (delivery.status, len(receiver.requests)) == (DeliveryStatus.DEAD, 1)


@on_sqlite
@pytest.mark.parametrize(
    ("wish", "least", "most"), [("100", 100, 100), ("9" * 20, 86400, 86400), ("-5", 0.01, 0.012), ("soon", 0.01, 0.012)]
)
async def test_the_receivers_wish_to_be_left_alone_is_obeyed_within_bounds(opened: OpenSite, wish: str, least: float, most: float) -> None:
    """F67: huge, negative, garbage."""
    async with receiving(answering(429, retry_after=wish)) as receiver, opened() as site:
        await site.endpoint(receiver.url)
        await site.echo.submit("hello")
        facts = await site.signals.told("delivery.failed")
    assert least <= facts["next_in"] <= most


@on_sqlite
async def test_a_receiver_that_hangs_holds_up_nobody_else(opened: OpenSite) -> None:
    """F65, F68: it occupies its own few places while all the others are served."""
    async with opened() as site, receiving(hang) as stuck, receiving() as well:
        await site.endpoint(stuck.url)
        await site.endpoint(well.url)
        for number in range(3 * PER_TARGET):
            await site.echo.submit(str(number))
        await well.got(3 * PER_TARGET)
        assert len(await stuck.got(PER_TARGET)) == stuck.most_at_once == PER_TARGET


@on_sqlite
async def test_a_message_tells_of_its_event_however_late_it_is_sent(opened: OpenSite) -> None:
    """What follows an event does not change what is said about it."""
    async with receiving() as receiver:
        async with opened(working=False) as site:
            await site.endpoint(receiver.url, occasions=SELECTABLE)
        async with opened(secret=None) as site:  # it runs jobs, and sends nothing
            handle = await site.steps.submit()
            assert await handle.result() == 7
        assert receiver.requests == []
        async with opened():
            requests = {said(request)["type"]: said(request)["data"] for request in await receiver.got(3)}
    assert [(data["status"], data["percentComplete"], data["result"]) for data in map(requests.__getitem__, sorted(requests))] == [
        ("completed", 100, 7),
        ("running", 40, None),
        ("running", None, None),
    ]
    assert sorted(requests) == ["job.completed", "job.progress", "job.started"]
    assert {data["jobId"] for data in requests.values()} == {handle.id}


@on_sqlite
async def test_what_is_told_about_a_delivery_has_no_secret_of_its_receiver(opened: OpenSite) -> None:
    """Paths and queries of webhooks are often what protects them."""
    async with receiving(in_turn(answering(500), answering(204))) as receiver, opened() as site:
        await site.endpoint(f"{receiver.url}/T0KEN?key=T0KEN")
        await site.echo.submit("hello")
        told = [await site.signals.told("delivery.failed"), await site.signals.told("delivery.delivered")]
    assert "T0KEN" not in repr(told)
    assert {facts["receiver"] for facts in told} == {f"127.0.0.1:{receiver.port}"}


@on_sqlite
async def test_a_secret_that_cannot_be_opened_fails_its_own_deliveries_and_comes_back(opened: OpenSite) -> None:
    """`COATCHECK_SECRET` was replaced without the old one behind it."""
    other = "fedcba9876543210" * 2
    async with receiving() as receiver:
        async with opened(working=False) as site:
            _, secret = await site.endpoint(receiver.url)
        async with opened(secret=other, webhook_schedule=(0.0, 3600.0)) as site:
            await site.echo.submit("hello")
            facts = await site.signals.told("delivery.failed")
            assert "was sealed with another COATCHECK_SECRET" in facts["reason"]
            (delivery,) = await site.deliveries()
            assert receiver.requests == []
        async with opened(secret=f"{other},{SECRET}") as site:
            await site.jobs.wiring.deliveries.redeliver(delivery.id, SYSTEM)
            (request,) = await receiver.got()
    assert verdicts([Signed(secret, request.headers, request.body)]) == [True]


@on_sqlite
async def test_a_new_secret_is_signed_with_though_the_old_one_cannot_be_opened(opened: OpenSite) -> None:
    """As the error advises whose `COATCHECK_SECRET` was lost: nobody waits for the end of the overlap."""
    async with receiving() as receiver:
        async with opened(working=False) as site:
            endpoint, _ = await site.endpoint(receiver.url)
        async with opened(secret="fedcba9876543210" * 2) as site:
            _, secret = await site.jobs.wiring.endpoints.rotate(endpoint.id, EVERYONE)
            await site.echo.submit("hello")
            (request,) = await receiver.got()
    assert verdicts([Signed(secret, request.headers, request.body)]) == [True]


@on_sqlite
@pytest.mark.parametrize("setting", ["secret", "public_url"])
async def test_nothing_is_sent_where_webhooks_are_not_set_up(opened: OpenSite, setting: str) -> None:
    async with opened(working=False) as site:
        assert len(dispatchers(site.jobs.wiring, "worker-1")) == 1
    async with opened(working=False, **{setting: None}) as site:
        assert dispatchers(site.jobs.wiring, "worker-1") == []


@on_sqlite
async def test_what_was_under_way_at_the_end_is_sent_again_under_its_id(opened: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shut down in the middle: whoever comes next has it at once, and nobody knows whether it arrived before."""
    monkeypatch.setattr("coatcheck.push.dispatch.PATIENCE", 0.01)
    clock = FakeClock()
    async with receiving(hang) as receiver:
        async with opened(clock=clock, lease=1e6) as site:
            await site.endpoint(receiver.url)
            await site.echo.submit("hello")
            await receiver.got(1)
        receiver.answer = answering(204)
        async with opened(clock=clock, lease=1e6, working=False) as site:
            (dispatcher,) = dispatchers(site.jobs.wiring, "worker-1")
            await dispatcher.turn()
            first, second = await receiver.got(2)
            await site.signals.told("delivery.delivered")
            (delivery,) = await site.deliveries()
            await dispatcher.stop()
    assert (first.id, second.id) == (delivery.id, delivery.id)
    assert [(attempt.status, attempt.error) for attempt in delivery.history] == [(None, OUTCOME_UNKNOWN), (204, None)]


@on_sqlite
async def test_an_idle_dispatcher_is_woken_by_what_is_owed(opened: OpenSite) -> None:
    """With a poll interval of an hour, only a hint can have told it."""
    async with receiving() as receiver, opened(poll_interval=3600) as site:
        await site.endpoint(receiver.url)
        await site.signals.told("worker.started")
        await site.echo.submit("hello")
        await receiver.got()
        await asyncio.gather(*(site.echo.submit(str(number)) for number in range(50)))
        await receiver.got(51)


async def test_the_trace_of_a_request_goes_on_to_whoever_is_told(opened: OpenSite) -> None:
    """W3C Trace Context; what is none is not passed on."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with receiving(in_turn(answering(500), answering(204))) as receiver, opened() as site:
        await site.endpoint(receiver.url)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(site.jobs), base_url="http://api.example.com") as client:
            await client.post("/echo", json={"text": "traced"}, headers={"traceparent": trace})
            traced = list(await receiver.got(2))
            await client.post("/echo", json={"text": "not"}, headers={"traceparent": "00-nonsense-01"})
            (*_, other) = await receiver.got(3)
    assert [request.headers.get("traceparent") for request in traced] == [trace, trace]
    assert "traceparent" not in other.headers


@on_sqlite
async def test_a_test_of_an_application_sends_nothing(opened: OpenSite) -> None:
    """Under the test kit what is owed stays owed: no test reaches a real receiver."""
    async with receiving() as receiver, opened(working=False) as site:
        jobs = site.jobs
    async with manual(jobs) as kit:
        await jobs.wiring.endpoints.add(EVERYONE, receiver.url)
        await site.echo.submit("hello")
        assert (await kit.run()).status == "completed"
        (owed,) = await site.deliveries()
        worker = await kit._bench._ready()
    assert owed.status is DeliveryStatus.PENDING
    assert [service for service in worker._services if isinstance(service, Dispatcher)] == []
