"""What owners do with their endpoints, secrets and deliveries."""

import asyncio

import pytest

from coatcheck.domain.delivery import Delivery, DeliveryStatus
from coatcheck.domain.endpoint import ENDINGS, Endpoint, Occasion
from coatcheck.domain.owner import SYSTEM, Viewer
from coatcheck.store.deliveries import TEST_TTL, EndpointChange, EndpointChanged, owner_secret
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import OWNER, ObservedStore
from coatcheck.testing.conformance.webhooks import (
    DELIVERED,
    DISPATCHER,
    GIVEN_UP,
    GONE,
    REFUSED,
    SEALED,
    URL,
    called_back,
    claimed,
    ended,
    owed,
    registered,
    settle_all,
)

NEW_URL = "https://new.example.com/hooks"


class Registering(Handles):
    """Endpoints and deliveries are their owner's alone."""

    async def test_endpoints_are_listed_oldest_first(self, store: ObservedStore, other: ObservedStore) -> None:
        newer = await registered(store, created_at=2.0, occasions=ENDINGS)
        older = await registered(store, created_at=1.0)
        assert list(await other.endpoints(OWNER)) == [older, newer]
        assert await other.endpoint(newer.id, OWNER) == newer

    async def test_an_owner_has_so_many_endpoints_at_most(self, store: ObservedStore, other: ObservedStore) -> None:
        """However many are registered at once."""
        endpoints = [Endpoint(id=f"we_{number}", owner=OWNER, url=URL, created_at=1.0) for number in range(6)]
        stored = await asyncio.gather(*((store, other)[number % 2].add_endpoint(endpoints[number], SEALED, limit=3) for number in range(6)))
        assert sorted(stored) == [False, False, False, True, True, True]
        kept = [endpoint.id for endpoint in await store.endpoints(OWNER)]
        assert [len(await store.secrets(endpoint.id)) for endpoint in endpoints] == [endpoint.id in kept for endpoint in endpoints]
        assert await store.add_endpoint(Endpoint(id="we_x", owner="mallory", url=URL, created_at=1.0), SEALED, limit=3)

    @pytest.mark.parametrize("viewer", ["mallory", SYSTEM])
    async def test_another_owner_s_are_as_good_as_unknown(self, store: ObservedStore, viewer: Viewer) -> None:
        """But to the operator."""
        seen = viewer is SYSTEM
        endpoint = await registered(store)
        await ended(store)
        [delivery, _] = await owed(store)
        assert bool(await store.endpoints(viewer)) is seen
        assert (await store.endpoint(endpoint.id, viewer) is not None) is seen
        assert (await store.change_endpoint(endpoint.id, viewer, EndpointChange(url=NEW_URL)) is not None) is seen
        assert bool(await store.deliveries(viewer)) is seen
        assert bool(await store.deliveries(viewer, job_id=delivery.job_id)) is seen
        assert (await store.delivery(delivery.id, viewer) is not None) is seen
        assert bool(await store.deliveries(viewer, before=(await owed(store))[1].id)) is seen
        await settle_all(store, await claimed(store), GIVEN_UP)
        assert (await store.redeliver(delivery.id, viewer) is not None) is seen
        assert await store.dead_deliveries() == (1 if seen else 2)
        assert (await store.remove_endpoint(endpoint.id, viewer) is not None) is seen

    async def test_what_does_not_exist_is_none(self, store: ObservedStore) -> None:
        assert await store.endpoint("we_none", OWNER) is None
        assert await store.change_endpoint("we_none", OWNER, EndpointChange(disabled=True)) is None
        assert await store.remove_endpoint("we_none", OWNER) is None
        assert await store.delivery("msg_none", OWNER) is None
        assert await store.redeliver("msg_none", OWNER) is None
        assert await store.deliveries(OWNER, before="msg_none") == []
        assert await store.deliveries(OWNER, job_id="none") == []
        assert await store.secrets("we_none") == []

    async def test_a_change_leaves_the_rest_as_it_is(self, store: ObservedStore) -> None:
        endpoint = await registered(store)
        assert await store.change_endpoint(endpoint.id, OWNER, EndpointChange()) == EndpointChanged(endpoint)
        changed = await store.change_endpoint(endpoint.id, OWNER, EndpointChange(occasions=frozenset({Occasion.FAILED})))
        assert changed is not None
        found = changed.endpoint
        assert (set(found.occasions), found.url, found.disabled_at) == ({Occasion.FAILED}, URL, None)
        assert found == await store.endpoint(endpoint.id, OWNER)

    async def test_what_is_owed_goes_to_the_new_url(self, store: ObservedStore) -> None:
        endpoint = await registered(store, occasions=ENDINGS)
        await ended(store)
        await store.change_endpoint(endpoint.id, OWNER, EndpointChange(url=NEW_URL))
        [claim] = await claimed(store)
        assert claim.delivery.url == NEW_URL

    async def test_a_disabled_endpoint_is_owed_nothing_until_it_is_enabled(self, store: ObservedStore, clock: FakeClock) -> None:
        endpoint = await registered(store, occasions=ENDINGS)
        await ended(store)
        disabled = await store.change_endpoint(endpoint.id, OWNER, EndpointChange(disabled=True))
        assert disabled is not None
        assert disabled.endpoint.disabled_at == clock.now()
        assert disabled.endpoint.disabled_reason
        assert disabled.given_up == 1
        await ended(store)
        [dead] = await owed(store)
        assert dead.status is DeliveryStatus.DEAD
        assert await store.redeliver(dead.id, OWNER) == dead
        assert await store.change_endpoint(endpoint.id, OWNER, EndpointChange(disabled=False)) == EndpointChanged(endpoint)
        await ended(store)
        assert len(await claimed(store)) == 1

    async def test_a_disabled_endpoint_keeps_its_reason(self, store: ObservedStore) -> None:
        endpoint = await registered(store)
        await ended(store)
        [claim] = await claimed(store, limit=1)
        await store.settle_delivery(claim, GONE, dispatcher=DISPATCHER)
        changed = await store.change_endpoint(endpoint.id, OWNER, EndpointChange(disabled=True))
        assert changed is not None
        assert changed.endpoint.disabled_reason == "It answered 410 Gone."

    async def test_an_endpoint_that_is_enabled_again_is_tried_at_once(self, store: ObservedStore) -> None:
        endpoint = await registered(store, occasions=ENDINGS)
        for _ in range(5):
            await ended(store)
        await settle_all(store, await claimed(store), GIVEN_UP)
        await ended(store)
        assert await claimed(store) == []
        await store.change_endpoint(endpoint.id, OWNER, EndpointChange(disabled=False))
        assert len(await claimed(store)) == 1

    async def test_a_removed_endpoint_takes_its_secrets_along(self, store: ObservedStore) -> None:
        endpoint = await registered(store, occasions=ENDINGS)
        await ended(store)
        assert await store.remove_endpoint(endpoint.id, OWNER) == 1
        assert await store.endpoints(OWNER) == []
        assert await store.secrets(endpoint.id) == []
        [dead] = await owed(store)
        assert (dead.status, dead.url, dead.endpoint) == (DeliveryStatus.DEAD, URL, endpoint.id)
        assert await store.redeliver(dead.id, OWNER) == dead

    async def test_secrets_overlap_while_they_are_rotated(self, store: ObservedStore, clock: FakeClock) -> None:
        holder = owner_secret(OWNER)
        first = await store.add_secret(holder, b"1", overlap=100)
        assert (first.created_at, first.ends_at) == (clock.now(), None)
        await store.add_secret("another", b"x", overlap=0)
        await store.add_secret(holder, b"2", overlap=100)
        clock.advance(40)
        await store.add_secret(holder, b"3", overlap=100)  # the first ends when that was said, not later
        assert [secret.sealed for secret in await store.secrets(holder)] == [b"3", b"2", b"1"]
        clock.advance(60)
        assert [secret.sealed for secret in await store.secrets(holder)] == [b"3", b"2"]
        clock.advance(40)
        await store.prune()
        clock.set_wall(clock.now() - 1_000)  # what is over is gone, and not only out of sight
        assert [(secret.sealed, secret.ends_at) for secret in await store.secrets(holder)] == [(b"3", None)]
        await store.add_secret(holder, b"4", overlap=0)
        assert [secret.sealed for secret in await store.secrets(holder)] == [b"4"]

    async def test_deliveries_are_listed_newest_first_in_pages(self, store: ObservedStore) -> None:
        await called_back(store, 5)
        ids = [delivery.id for delivery in await store.deliveries(OWNER)]
        assert ids == [delivery.id for delivery in await owed(store)][::-1]
        assert [delivery.id for delivery in await store.deliveries(OWNER, limit=2)] == ids[:2]
        assert [delivery.id for delivery in await store.deliveries(OWNER, limit=2, before=ids[1])] == ids[2:4]

    async def test_deliveries_are_listed_by_status(self, store: ObservedStore) -> None:
        await called_back(store, 3)
        one, two, three = await claimed(store)
        await settle_all(store, [one], DELIVERED)
        await settle_all(store, [two], GIVEN_UP)
        for status, claim in zip(("delivered", "dead", "pending"), (one, two, three), strict=True):
            assert [delivery.id for delivery in await store.deliveries(OWNER, status=DeliveryStatus(status))] == [claim.delivery.id]
        assert await store.dead_deliveries() == 1

    @pytest.mark.parametrize("tried", [DELIVERED, GIVEN_UP])
    async def test_a_delivery_is_sent_again_by_hand(self, store: ObservedStore, clock: FakeClock, tried: object) -> None:
        """Under the same id, with the same body, and with a fresh schedule; what came of it before stays known."""
        await called_back(store, 1)
        [claim] = await claimed(store)
        await store.freeze({claim.delivery.id: b"body"})
        await settle_all(store, [claim], tried)  # type: ignore[arg-type]
        clock.advance(500)
        again = await store.redeliver(claim.delivery.id, OWNER)
        assert again is not None
        assert (again.status, again.attempts, again.next_at) == (DeliveryStatus.PENDING, 0, clock.now())
        [second] = await claimed(store)
        assert (second.delivery.id, second.body) == (claim.delivery.id, b"body")
        await settle_all(store, [second], DELIVERED)
        [delivery] = await owed(store)
        assert [attempt.number for attempt in delivery.history] == [1, 2]

    async def test_a_delivery_that_waits_is_hurried(self, store: ObservedStore) -> None:
        await called_back(store, 1)
        await settle_all(store, await claimed(store), REFUSED)
        assert await claimed(store) == []
        [delivery] = await owed(store)
        hurried = await store.redeliver(delivery.id, OWNER)
        assert hurried is not None
        assert hurried.attempts == 1
        assert len(await claimed(store)) == 1

    async def test_hurrying_what_is_on_its_way_leaves_the_claim(self, store: ObservedStore) -> None:
        await called_back(store, 1)
        [claim] = await claimed(store)
        await store.redeliver(claim.delivery.id, OWNER)
        assert await claimed(store) == []
        await settle_all(store, [claim])

    async def test_a_test_message_is_sent_like_any_other(self, store: ObservedStore, clock: FakeClock) -> None:
        """And is forgotten after a day."""
        endpoint = await registered(store)
        test = Delivery(id="msg_1", owner=OWNER, occasion=Occasion.TEST, url=URL, endpoint=endpoint.id, created_at=clock.now())
        await store.owe(test, b"{}")
        await store.owe(test, b"again")  # as whoever was not told that it is stored
        [claim] = await claimed(store)
        assert (claim.delivery.id, claim.body, claim.delivery.job_id) == ("msg_1", b"{}", None)
        await settle_all(store, [claim])
        clock.advance(TEST_TTL - 1)
        await store.prune()
        assert len(await owed(store)) == 1
        clock.advance(1)
        await store.prune()
        assert await owed(store) == []
