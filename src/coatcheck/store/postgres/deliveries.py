"""Deliveries, as their owners see them."""

from collections.abc import Sequence

from coatcheck.domain.delivery import Delivery, DeliveryStatus, target_of
from coatcheck.domain.owner import Viewer
from coatcheck.store.delivery_rows import deliveries_of
from coatcheck.store.postgres.columns import Integers
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.rows import Row, owner_filter

_NEWEST = 2**63 - 1


async def deliveries(
    db: Connections, viewer: Viewer, job_id: str | None, status: DeliveryStatus | None, before: str | None, limit: int
) -> Sequence[Delivery]:
    """A page of the viewer's deliveries, newest first."""
    owner = owner_filter(viewer)
    start = _NEWEST
    if before is not None:
        found = await db.first("deliveries_start", {"before": before, "viewer": owner})
        if found is None:
            return []
        start = found[0]
    parameters = {"viewer": owner, "job": job_id, "status": status and status.value, "before": start, "limit": limit}
    if job_id is not None:
        return await _with_attempts(db, await db.fetch("deliveries_of_job", parameters))
    return await _with_attempts(db, await db.fetch("deliveries_all" if owner is None else "deliveries_own", parameters))


async def delivery(db: Connections, delivery_id: str, viewer: Viewer) -> Delivery | None:
    """One of them."""
    found = await _with_attempts(db, await db.fetch("delivery", {"id": delivery_id, "viewer": owner_filter(viewer)}))
    return found[0] if found else None


async def redeliver(db: Connections, delivery_id: str, viewer: Viewer) -> Delivery | None:
    """Owe a delivery again, where there is somebody to send it to; as it is then."""
    await db.fetch("redeliver", {"id": delivery_id, "viewer": owner_filter(viewer)})
    return await delivery(db, delivery_id, viewer)


async def owe(db: Connections, delivery: Delivery, body: bytes) -> None:
    """Store a delivery that no transition owes."""
    parameters = {
        "id": delivery.id,
        "owner": delivery.owner,
        "occasion": delivery.occasion.value,
        "endpoint": delivery.endpoint,
        "url": delivery.url,
        "target": delivery.endpoint or target_of(delivery.url, delivery.owner),
        "created_at": delivery.created_at,
        "body": body,
    }
    await db.fetch("owe", parameters)


async def dead_deliveries(db: Connections) -> int:
    """How many there are."""
    [(dead,)] = await db.fetch("dead_deliveries", {})
    return int(dead)


async def _with_attempts(db: Connections, rows: Sequence[Row]) -> Sequence[Delivery]:
    return deliveries_of(rows, await db.fetch("delivery_attempts", {"deliveries": Integers(row[0] for row in rows)}) if rows else [])
