"""Deliveries, as their owners see them."""

from collections.abc import Sequence

import apsw

from coatcheck.domain.delivery import Delivery, DeliveryStatus, target_of
from coatcheck.domain.owner import Viewer
from coatcheck.store.delivery_rows import deliveries_of
from coatcheck.store.rows import Row, owner_filter
from coatcheck.store.sqlite.query import as_json, first, query
from coatcheck.store.sqlite.statement import statement

_OWN = statement("deliveries_own")
_ALL = statement("deliveries_all")
_OF_JOB = statement("deliveries_of_job")
_START = statement("deliveries_start")
_DELIVERY = statement("delivery")
_ATTEMPTS = statement("delivery_attempts")
_REDELIVER = statement("redeliver")
_OWE = statement("owe")
_DEAD = statement("dead_deliveries")
_NEWEST = 2**63 - 1


def deliveries(
    db: apsw.Connection, viewer: Viewer, job_id: str | None, status: DeliveryStatus | None, before: str | None, limit: int
) -> Sequence[Delivery]:
    """A page of the viewer's deliveries, newest first."""
    owner = owner_filter(viewer)
    start = _NEWEST
    if before is not None:
        found = first(db, _START, {"before": before, "viewer": owner})
        if found is None:
            return []
        start = found[0]
    listing = _OF_JOB if job_id is not None else _ALL if owner is None else _OWN
    parameters = {"viewer": owner, "job": job_id, "status": status, "before": start, "limit": limit}
    return _with_attempts(db, query(db, listing, parameters))


def delivery(db: apsw.Connection, delivery_id: str, viewer: Viewer) -> Delivery | None:
    """One of them."""
    found = _with_attempts(db, query(db, _DELIVERY, {"id": delivery_id, "viewer": owner_filter(viewer)}))
    return found[0] if found else None


def redeliver(db: apsw.Connection, delivery_id: str, viewer: Viewer, now: float) -> Delivery | None:
    """Owe a delivery again, where there is somebody to send it to; as it is then."""
    db.execute(_REDELIVER, {"id": delivery_id, "viewer": owner_filter(viewer), "now": now})
    return delivery(db, delivery_id, viewer)


def owe(db: apsw.Connection, delivery: Delivery, body: bytes, now: float) -> None:
    """Store a delivery that no transition owes."""
    parameters = {
        "id": delivery.id,
        "owner": delivery.owner,
        "occasion": delivery.occasion,
        "endpoint": delivery.endpoint,
        "url": delivery.url,
        "target": delivery.endpoint or target_of(delivery.url, delivery.owner),
        "created_at": delivery.created_at,
        "now": now,
        "body": body,
    }
    db.execute(_OWE, parameters)


def dead_deliveries(db: apsw.Connection) -> int:
    """How many there are."""
    [(dead,)] = query(db, _DEAD)
    return int(dead)


def _with_attempts(db: apsw.Connection, rows: Sequence[Row]) -> Sequence[Delivery]:
    return deliveries_of(rows, query(db, _ATTEMPTS, {"deliveries": as_json([row[0] for row in rows])}))
