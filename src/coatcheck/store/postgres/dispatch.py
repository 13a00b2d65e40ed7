"""Deliveries, as dispatchers move them."""

from collections.abc import Mapping, Sequence

from coatcheck.domain.delivery import OUTCOME_UNKNOWN, DeliveryClaim, Recorded, Tried
from coatcheck.store.deliveries import CIRCUIT, CIRCUIT_PAUSE, Due
from coatcheck.store.delivery_rows import claim_of
from coatcheck.store.postgres.columns import Blobs, Texts
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.text import storable


async def claim_deliveries(db: Connections, dispatcher: str, due: Due) -> Sequence[DeliveryClaim]:
    """Take deliveries that are due, the targets taking turns. One dispatcher at a time, or two would count what is under way too low."""
    if due.limit <= 0 or await db.first("delivery_due", {"per_target": due.per_target}) is None:
        return []
    parameters = {
        "dispatcher": dispatcher,
        "limit": due.limit,
        "per_target": due.per_target,
        "lease": due.lease,
        "unknown": OUTCOME_UNKNOWN,
    }
    return [claim_of(row) for row in await db.fetch_alone("claims of deliveries", "claim_deliveries", parameters)]


async def freeze(db: Connections, bodies: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Write messages down that are not yet; what is written of each."""
    return dict(await db.fetch("freeze", {"id": Texts(bodies), "body": Blobs(bodies.values())})) if bodies else {}


async def release_deliveries(db: Connections, dispatcher: str) -> int:
    """Let go of what a dispatcher holds; how many deliveries."""
    return len(await db.fetch("release_deliveries", {"dispatcher": dispatcher, "unknown": OUTCOME_UNKNOWN}))


async def settle_delivery(db: Connections, claim: DeliveryClaim, tried: Tried, dispatcher: str) -> Recorded | None:
    """Record an attempt, and what it means for the delivery, for its target and for its endpoint."""
    shortest, longest = CIRCUIT_PAUSE
    attempt = tried.attempt
    parameters = {
        "id": claim.delivery.id,
        "fence": claim.fence,
        "dispatcher": dispatcher,
        "status": tried.status.value,
        "url": claim.delivery.url,
        "delay": tried.delay or 0.0,
        "at": attempt.at,
        "duration": attempt.duration,
        "answered": attempt.status,
        "error": storable(attempt.error),
        "answer": attempt.answer,
        "disable": storable(tried.disable),
        "circuit": CIRCUIT,
        "shortest": shortest,
        "longest": longest,
    }
    row = await db.first("settle_delivery", parameters)
    if row is None:
        return None
    number, disabled, given_up = row
    return Recorded(number=number, disabled=disabled, given_up=given_up)
