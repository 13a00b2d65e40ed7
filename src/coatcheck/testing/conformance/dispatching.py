"""How deliveries are claimed, tried, and tried again."""

import asyncio

from coatcheck.domain.delivery import OUTCOME_UNKNOWN, DeliveryStatus, Recorded
from coatcheck.domain.owner import SYSTEM
from coatcheck.store.deliveries import CIRCUIT, CIRCUIT_PAUSE, OVERDUE
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import OWNER, ObservedStore
from coatcheck.testing.conformance.webhooks import (
    DELIVERED,
    DISPATCHER,
    GIVEN_UP,
    GONE,
    LEASE,
    REFUSED,
    URL,
    break_circuit,
    called_back,
    claimed,
    ended,
    owed,
    registered,
    settle_all,
)

ELSEWHERE = "https://other.example.com/"


class Dispatching(Handles):
    """One dispatcher at a time, and no target in the way of another."""

    async def test_a_delivery_is_one_dispatcher_s_until_it_is_settled(self, store: ObservedStore, other: ObservedStore) -> None:
        await called_back(store, 1)
        [claim] = await claimed(store)
        assert (claim.delivery.url, claim.body) == (URL, None)
        assert await claimed(other, dispatcher="dispatcher-2") == []
        assert await store.settle_delivery(claim, DELIVERED, dispatcher=DISPATCHER)
        assert await claimed(other) == []
        [delivery] = await owed(store)
        assert (delivery.status, delivery.attempts, delivery.next_at) == (DeliveryStatus.DELIVERED, 1, None)
        assert not await store.settle_delivery(claim, DELIVERED, dispatcher=DISPATCHER)

    async def test_dispatchers_that_claim_at_once_never_get_the_same(self, store: ObservedStore, other: ObservedStore) -> None:
        await called_back(store, 40)
        both = await asyncio.gather(*(claimed(one, limit=7, dispatcher=f"d{one is store}") for one in (store, other) * 6))
        ids = [claim.delivery.id for claims in both for claim in claims]
        assert len(ids) == len(set(ids)) == 40

    async def test_a_refused_delivery_is_tried_again_in_its_time(self, store: ObservedStore, clock: FakeClock) -> None:
        await called_back(store, 1)
        await settle_all(store, await claimed(store), REFUSED)
        [delivery] = await owed(store)
        assert (delivery.status, delivery.attempts, delivery.next_at) == (DeliveryStatus.PENDING, 1, clock.now() + 60)
        clock.advance(59)
        assert await claimed(store) == []
        clock.advance(1)
        [claim] = await claimed(store)
        assert claim.delivery.attempts == 1

    async def test_each_attempt_is_kept(self, store: ObservedStore, clock: FakeClock) -> None:
        await called_back(store, 2)
        for tried in (REFUSED, DELIVERED):
            await settle_all(store, await claimed(store), tried)
            clock.advance(60)
        for delivery in await owed(store):
            assert [(one.number, one.status, one.error, one.answer) for one in delivery.history] == [
                (1, 500, "500 Internal Server Error", b"body"),
                (2, 204, None, b"body"),
            ]

    async def test_a_crash_between_claim_and_settlement_costs_a_lease(
        self, store: ObservedStore, other: ObservedStore, clock: FakeClock
    ) -> None:
        await called_back(store, 1)
        [lost] = await claimed(store)
        clock.advance(LEASE - 1)
        assert await claimed(other) == []
        clock.advance(1)
        [claim] = await claimed(other)
        assert (claim.delivery.id, claim.fence, claim.delivery.attempts) == (lost.delivery.id, lost.fence + 1, 0)

    async def test_an_attempt_that_nobody_recorded_is_shown_as_one_whose_outcome_is_unknown(
        self, store: ObservedStore, clock: FakeClock
    ) -> None:
        """F07: the message may have arrived, or not; also where its dispatcher was let go of before its lease was over.

        It uses up nothing of the schedule, or a worker that dies again and again would.
        """
        await called_back(store, 1)
        await claimed(store)
        clock.advance(LEASE)
        await claimed(store)
        assert await store.release_deliveries(DISPATCHER) == 1
        await settle_all(store, await claimed(store), REFUSED)
        [delivery] = await owed(store)
        assert [(one.number, one.at, one.status, one.error) for one in delivery.history[:2]] == [
            (number, clock.now(), None, OUTCOME_UNKNOWN) for number in (1, 2)
        ]
        assert ([one.status for one in delivery.history], delivery.attempts) == ([None, None, 500], 1)

    async def test_what_a_dispatcher_held_that_has_ended_is_another_s_at_once(self, store: ObservedStore, other: ObservedStore) -> None:
        await called_back(store, 3)
        [_, lost] = await claimed(store, limit=2)
        await claimed(other, dispatcher="dispatcher-2")
        assert await other.release_deliveries(DISPATCHER) == 2
        assert await other.release_deliveries(DISPATCHER) == 0
        assert not await store.settle_delivery(lost, DELIVERED, dispatcher=DISPATCHER)
        assert len(await claimed(other, dispatcher="dispatcher-2")) == 2

    async def test_who_holds_a_delivery_is_told_until_it_is_settled(self, store: ObservedStore, other: ObservedStore) -> None:
        await called_back(store, 3)
        assert await other.holders() == frozenset()
        claims = await claimed(store, limit=2)
        await claimed(store, dispatcher="dispatcher-2")
        assert await other.holders() == {DISPATCHER, "dispatcher-2"}
        await store.release_deliveries("dispatcher-2")
        await settle_all(store, claims[:1])
        assert await other.holders() == {DISPATCHER}
        await settle_all(store, claims[1:], REFUSED)
        assert await other.holders() == frozenset()

    async def test_a_late_settlement_lands_nowhere(self, store: ObservedStore, clock: FakeClock) -> None:
        """Of a dispatcher that stood still for longer than its lease; even where it is the same one that claimed again."""
        await called_back(store, 1)
        [lost] = await claimed(store)
        clock.advance(LEASE)
        [claim] = await claimed(store)
        assert not await store.settle_delivery(lost, GIVEN_UP, dispatcher=DISPATCHER)
        assert not await store.settle_delivery(claim, GIVEN_UP, dispatcher="dispatcher-2")
        [delivery] = await owed(store)
        assert (delivery.status, [one.error for one in delivery.history]) == (DeliveryStatus.PENDING, [OUTCOME_UNKNOWN])
        assert await store.settle_delivery(claim, DELIVERED, dispatcher=DISPATCHER)

    async def test_a_message_is_written_down_once(self, store: ObservedStore, other: ObservedStore, clock: FakeClock) -> None:
        await called_back(store, 2)
        one, two = await claimed(store)
        assert await store.freeze({one.delivery.id: b"first", two.delivery.id: b"other"}) == {
            one.delivery.id: b"first",
            two.delivery.id: b"other",
        }
        assert await other.freeze({one.delivery.id: b"second"}) == {one.delivery.id: b"first"}
        assert await other.freeze({}) == {}
        clock.advance(LEASE)
        assert sorted(claim.body or b"" for claim in await claimed(other)) == [b"first", b"other"]

    async def test_oldest_first(self, store: ObservedStore, clock: FakeClock) -> None:
        for _ in range(3):
            await called_back(store, 1)
            clock.advance(1)
        expected = [delivery.id for delivery in await owed(store)]
        assert [claim.delivery.id for claim in await claimed(store)] == expected

    async def test_targets_take_turns(self, store: ObservedStore, clock: FakeClock) -> None:
        """F68: a target with a long queue is no obstacle to another."""
        await called_back(store, 9)
        clock.advance(1)
        await called_back(store, 2, ELSEWHERE)
        urls = [claim.delivery.url for claim in await claimed(store, limit=4)]
        assert urls == [URL, ELSEWHERE, URL, ELSEWHERE]

    async def test_who_has_much_under_way_comes_last(self, store: ObservedStore, clock: FakeClock) -> None:
        await called_back(store, 9)
        await claimed(store, limit=3)
        clock.advance(1)
        await called_back(store, 2, ELSEWHERE)
        urls = [claim.delivery.url for claim in await claimed(store, limit=3)]
        assert urls == [ELSEWHERE, ELSEWHERE, URL]

    async def test_all_dispatchers_together_keep_to_a_target_s_bound(self, store: ObservedStore, other: ObservedStore) -> None:
        await called_back(store, 9)
        await called_back(store, 1, ELSEWHERE)
        both = await asyncio.gather(*(claimed(one, per_target=3) for one in (store, other) * 3))
        claims = [claim for some in both for claim in some]
        assert sorted(claim.delivery.url for claim in claims) == [URL] * 3 + [ELSEWHERE]
        await settle_all(store, [claim for claim in claims if claim.delivery.url == URL][:1])
        assert len(await claimed(store, per_target=3)) == 1

    async def test_urls_of_one_origin_are_one_target_and_each_endpoint_is_one(self, store: ObservedStore) -> None:
        for url in ("https://a.example/1", "https://a.example/2"):
            await registered(store, url=url)
            await called_back(store, 1, url)
        claims = await claimed(store, per_target=1)
        assert len(claims) == 3  # an endpoint, the other endpoint, the origin

    async def test_an_owner_whose_urls_fail_holds_up_no_other_owner_s_there(self, store: ObservedStore) -> None:
        """F68: many owners are told by one and the same receiver, a chat's or a queue's."""
        await break_circuit(store)
        await ended(store, webhook_url=URL, owner="another")
        [claim] = await claimed(store)
        assert claim.delivery.owner == "another"

    async def test_a_target_that_fails_and_fails_is_left_alone(self, store: ObservedStore, clock: FakeClock) -> None:
        """F68: after a while one delivery may try; as long as that fails, the pauses grow."""
        await break_circuit(store)
        await called_back(store, 3)
        await called_back(store, 1, ELSEWHERE)
        [claim] = await claimed(store)
        assert claim.delivery.url == ELSEWHERE
        await settle_all(store, [claim])
        pause, longest = CIRCUIT_PAUSE
        for _ in range(7):
            clock.advance(pause - 1)
            assert await claimed(store, lease=1e9) == []
            clock.advance(1)
            [probe] = await claimed(store, lease=1e9)
            await store.settle_delivery(probe, REFUSED, dispatcher=DISPATCHER)
            pause = min(2 * pause, longest)
        assert pause == longest

    async def test_a_target_that_answers_is_sent_everything_again(self, store: ObservedStore, clock: FakeClock) -> None:
        await break_circuit(store)
        await called_back(store, 3)
        clock.advance(CIRCUIT_PAUSE[0])
        await settle_all(store, await claimed(store))
        assert len(await claimed(store)) == 2

    async def test_failures_are_forgotten_where_nothing_is_owed_any_more(self, store: ObservedStore, clock: FakeClock) -> None:
        """But not before the target might be tried again."""
        await break_circuit(store)
        await store.prune()
        await called_back(store, 2)
        assert await claimed(store) == []
        clock.advance(CIRCUIT_PAUSE[0])
        await store.prune()
        [probe] = await claimed(store)
        await settle_all(store, [probe], GIVEN_UP)
        clock.advance(2 * CIRCUIT_PAUSE[0])
        await settle_all(store, await claimed(store), GIVEN_UP)
        clock.advance(4 * CIRCUIT_PAUSE[0])
        await store.prune()
        await called_back(store, 2)
        assert len(await claimed(store)) == 2

    async def test_only_failures_in_a_row_count(self, store: ObservedStore) -> None:
        await called_back(store, CIRCUIT)
        claims = await claimed(store)
        await settle_all(store, claims[:-1], GIVEN_UP)
        await settle_all(store, claims[-1:], DELIVERED)
        await called_back(store, CIRCUIT)
        await settle_all(store, (await claimed(store))[:-1], GIVEN_UP)
        await called_back(store, 1)
        assert len(await claimed(store)) == 1

    async def test_an_endpoint_that_is_gone_is_sent_nothing_more(self, store: ObservedStore, clock: FakeClock) -> None:
        """F67: what is owed to it is dead, what is on its way ends as it does, and nothing new is owed."""
        endpoint = await registered(store)
        await ended(store)
        await ended(store)
        [gone, under_way] = await claimed(store, limit=2)
        assert await store.settle_delivery(gone, GONE, dispatcher=DISPATCHER) == Recorded(number=1, disabled=True, given_up=2)
        found = await store.endpoint(endpoint.id, OWNER)
        assert found is not None
        assert (found.disabled_at, found.disabled_reason) == (clock.now(), "It answered 410 Gone.")
        assert sorted(delivery.status.value for delivery in await owed(store)) == ["dead", "dead", "dead", "pending"]
        assert await store.settle_delivery(under_way, REFUSED, dispatcher=DISPATCHER)
        await ended(store)
        clock.advance(1000)
        assert await claimed(store) == []
        [given_up] = (await store.prune()).given_up
        assert (given_up.delivery.id, given_up.reason) == (under_way.delivery.id, "its endpoint is sent nothing any more")
        assert await store.dead_deliveries() == len(await owed(store)) == 4

    async def test_an_endpoint_is_disabled_once_however_many_find_it_gone(self, store: ObservedStore) -> None:
        await registered(store)
        await ended(store)
        recorded = [await store.settle_delivery(claim, GONE, dispatcher=DISPATCHER) for claim in await claimed(store)]
        assert recorded == [Recorded(number=1, disabled=True), Recorded(number=1)]

    async def test_what_nobody_sends_is_dead_in_the_end(self, store: ObservedStore, clock: FakeClock) -> None:
        await called_back(store, 1)
        clock.advance(OVERDUE - 1)
        await store.prune()
        assert await store.dead_deliveries() == 0
        clock.advance(1)
        [given_up] = (await store.prune()).given_up
        assert (given_up.delivery.url, given_up.reason) == (URL, "nobody has sent it for as long as it is tried at all")
        assert [delivery.next_at for delivery in await store.deliveries(SYSTEM, status=DeliveryStatus.DEAD)] == [None]
        assert await claimed(store) == []
        assert (await store.prune()).given_up == ()

    async def test_nobody_claims_nothing(self, store: ObservedStore) -> None:
        await called_back(store, 1)
        assert await claimed(store, limit=0) == []
        assert await claimed(store, per_target=0) == []
