"""Endpoints, and deliveries in the state that a test begins with."""

from typing import Any
from uuid import uuid4

import msgspec

from coatcheck.domain.delivery import Delivery, DeliveryClaim, DeliveryStatus, Sent, Tried
from coatcheck.domain.endpoint import SELECTABLE, Endpoint
from coatcheck.domain.owner import SYSTEM
from coatcheck.store.deliveries import CIRCUIT, Deliveries, Due
from coatcheck.testing.conformance.scenario import COMPLETED, OWNER, ObservedStore, running

URL = "https://hooks.example.com/coatcheck"
DISPATCHER = "dispatcher-1"
LEASE = 30.0
DUE = Due(limit=100, per_target=100, lease=LEASE)
SEALED = b"sealed"


async def registered(store: Deliveries, **changes: Any) -> Endpoint:
    """An endpoint of `OWNER`'s that asks for everything, unless a test wants otherwise."""
    usual: dict[str, Any] = {"id": f"we_{uuid4().hex}", "owner": OWNER, "url": URL, "occasions": SELECTABLE, "created_at": 1.0}
    endpoint = Endpoint(**usual | changes)
    assert await store.add_endpoint(endpoint, SEALED, limit=100)
    return endpoint


async def ended(store: ObservedStore, **changes: Any) -> str:
    """The id of a job that has completed; by then it owes two deliveries to who asks for everything."""
    claim = await running(store, **changes)
    await store.settle(claim, COMPLETED)
    return claim.job_id


async def called_back(store: ObservedStore, number: int, url: str = URL) -> None:
    """So many deliveries, each of a job of its own, that are owed to a URL those jobs were submitted with."""
    for _ in range(number):
        await ended(store, webhook_url=url)


async def claimed(store: Deliveries, *, dispatcher: str = DISPATCHER, **changes: Any) -> list[DeliveryClaim]:
    """What a dispatcher gets that asks for all."""
    return list(await store.claim_deliveries(dispatcher, msgspec.structs.replace(DUE, **changes)))


async def owed(store: Deliveries, **listing: Any) -> list[Delivery]:
    """All deliveries, oldest first."""
    return list(await store.deliveries(SYSTEM, **listing))[::-1]


def attempt(status: int | None = 204, error: str | None = None) -> Sent:
    """What a receiver may answer."""
    return Sent(at=5.0, duration=0.25, status=status, error=error, answer=b"body")


DELIVERED = Tried(attempt=attempt(), status=DeliveryStatus.DELIVERED)
REFUSED = Tried(attempt=attempt(500, "500 Internal Server Error"), status=DeliveryStatus.PENDING, delay=60.0)
GIVEN_UP = Tried(attempt=attempt(500, "500 Internal Server Error"), status=DeliveryStatus.DEAD)
GONE = Tried(attempt=attempt(410, "410 Gone"), status=DeliveryStatus.DEAD, disable="It answered 410 Gone.")


async def settle_all(store: Deliveries, claims: list[DeliveryClaim], tried: Tried = DELIVERED, dispatcher: str = DISPATCHER) -> None:
    """Record the same of each."""
    for claim in claims:
        assert await store.settle_delivery(claim, tried, dispatcher=dispatcher)


async def break_circuit(store: ObservedStore, url: str = URL) -> None:
    """Have a target fail until nothing is sent there; what was owed to it is dead."""
    await called_back(store, CIRCUIT, url)
    await settle_all(store, await claimed(store), GIVEN_UP)
