"""What a store does for webhooks.

Every store of jobs is one of these, too: what `open_store` returns has these verbs beside those of `coatcheck.store.contract`,
on the same database and with the same promises:

* What a transition owes is written in the transition's transaction: one delivery for each endpoint of the job's owner that
  asks for it and is not disabled, and, at the end of a life, one for the URL the job was submitted with.
* A job that owes a delivery is not pruned.
* A write under a claim carries its fence and says whether it landed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from coatcheck.domain.delivery import SCHEDULE, Delivery, DeliveryClaim, DeliveryStatus, Recorded, Tried
from coatcheck.domain.endpoint import Endpoint, Occasion, Secret
from coatcheck.domain.owner import Viewer


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be another about an endpoint. None: as it is."""

    url: str | None = None
    occasions: frozenset[Occasion] | None = None
    disabled: bool | None = None
    """False: it is sent messages again."""

    @property
    def renews(self) -> bool:
        """Whether what is known of the target's failures is of no use any more."""
        return self.url is not None or self.disabled is False


class EndpointChanged(msgspec.Struct, frozen=True):
    """What a change came to."""

    endpoint: Endpoint
    """As it is then."""
    given_up: int = 0
    """Deliveries to it that are dead with it."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What a dispatcher claims at once."""

    limit: int
    """Deliveries at most."""
    per_target: int
    """Deliveries to one target that all dispatchers together may have under way. A target is an endpoint, or the origin of a
    job's own URL, for each owner apart."""
    lease: float
    """Seconds after which a claim is another's for the taking."""


class Deliveries(Protocol):
    """Endpoints, their secrets, and the messages owed to them."""

    # Owners' side ------------------------------------------------------------------------------------------------

    async def add_endpoint(self, endpoint: Endpoint, sealed: bytes, *, limit: int) -> bool:
        """Store an endpoint and its first secret. False, and nothing is stored, where its owner has `limit` already."""

    async def endpoints(self, viewer: Viewer) -> Sequence[Endpoint]:
        """The viewer's endpoints, oldest first."""

    async def endpoint(self, endpoint_id: str, viewer: Viewer) -> Endpoint | None:
        """One of them."""

    async def change_endpoint(self, endpoint_id: str, viewer: Viewer, change: EndpointChange) -> EndpointChanged | None:
        """Change an endpoint. What is owed to it goes to the new URL, and is dead once it is disabled."""

    async def remove_endpoint(self, endpoint_id: str, viewer: Viewer) -> int | None:
        """Remove an endpoint and its secrets. What is still owed to it is dead; how much that was. None: there is no such endpoint."""

    async def secrets(self, holder: str) -> Sequence[Secret]:
        """The secrets in force of an endpoint (its id), or of an owner (`owner_secret(owner)`), newest first."""

    async def add_secret(self, holder: str, sealed: bytes, *, overlap: float) -> Secret:
        """Give a holder a new secret. Those it had end in `overlap` seconds, or earlier where that was said already."""

    async def deliveries(
        self,
        viewer: Viewer,
        *,
        job_id: str | None = None,
        status: DeliveryStatus | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """The viewer's deliveries, newest first, each with its attempts; `before` is the cursor of the next page: an id."""

    async def delivery(self, delivery_id: str, viewer: Viewer) -> Delivery | None:
        """One of them."""

    async def redeliver(self, delivery_id: str, viewer: Viewer) -> Delivery | None:
        """Owe a delivery again, from now, with a fresh schedule and under the same id; one that is pending is only hurried.

        One whose endpoint is disabled or was removed stays as it is: nothing is sent there.
        """

    async def owe(self, delivery: Delivery, body: bytes) -> None:
        """Store a delivery that no transition owes: a test message."""

    # Dispatchers' side -------------------------------------------------------------------------------------------

    async def claim_deliveries(self, dispatcher: str, due: Due) -> Sequence[DeliveryClaim]:
        """Take deliveries that are due: oldest first for one target, targets taking turns.

        Due is what is pending, its moment come, and not held under a lease; and, of a target whose circuit is open, nothing
        until the circuit lets one try. Of what was held under a lease that is over, an attempt is recorded whose outcome nobody knows.
        """

    async def freeze(self, bodies: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Write messages down, by the ids of their deliveries: before the first attempt. What was written stays.

        What is to be sent: for each the body that was written first, which another dispatcher may have done.
        """

    async def settle_delivery(self, claim: DeliveryClaim, tried: Tried, *, dispatcher: str) -> Recorded | None:
        """Record an attempt and what becomes of the delivery. None: the claim is no longer ours, and nothing was recorded.

        It counts for the target's circuit: `CIRCUIT` failures in a row open it, a success closes it.
        """

    async def release_deliveries(self, dispatcher: str) -> int:
        """Let go of what a dispatcher holds that has ended: its leases are over at once. How many deliveries."""

    async def dead_deliveries(self) -> int:
        """How many there are, of all owners."""


BY_OWNER = "Its owner disabled it."
"""The reason that is kept of an endpoint that its owner disabled."""
CIRCUIT = 5
"""Failures of one target in a row that open its circuit: nothing is sent there for a while, and then one message."""
CIRCUIT_PAUSE = (30.0, 600.0)
"""Seconds an open circuit waits before it lets one try, at first and at most: each failure doubles it."""
OVERDUE = sum(SCHEDULE)
"""Seconds after which a delivery is dead though it was not tried as often as it might have been: nobody dispatched, or its target's
circuit stayed open."""
TEST_TTL = 24 * 3600.0
"""Seconds a test message is kept; any other delivery is kept as long as its job."""


def owner_secret(owner: str) -> str:
    """The holder of the secret for the URLs that an owner's jobs are submitted with."""
    return f"owner:{owner}"
