"""Where owners want to be told, and what that is signed with."""

from collections.abc import Sequence

import apsw

from coatcheck.domain.endpoint import Endpoint, Secret
from coatcheck.domain.owner import Viewer
from coatcheck.store.deliveries import BY_OWNER, EndpointChange, EndpointChanged
from coatcheck.store.delivery_rows import encode_occasions, endpoint_of, secrets_of
from coatcheck.store.rows import owner_filter
from coatcheck.store.sqlite.abandon import give_up_target
from coatcheck.store.sqlite.query import first, query
from coatcheck.store.sqlite.statement import statement

_ADD_ENDPOINT = statement("add_endpoint")
_ENDPOINT = statement("endpoint")
_ENDPOINTS_OWN = statement("endpoints_own")
_ENDPOINTS_ALL = statement("endpoints_all")
_CHANGE_ENDPOINT = statement("change_endpoint")
_REMOVE_ENDPOINT = statement("remove_endpoint")
_CLOSE_CIRCUIT = statement("close_circuit")
_SECRETS = statement("secrets")
_END_SECRETS = statement("end_secrets")
_ADD_SECRET = statement("add_secret")
_REMOVE_SECRETS = statement("remove_secrets")


def add_endpoint(db: apsw.Connection, endpoint: Endpoint, sealed: bytes, limit: int) -> bool:
    """Store an endpoint and its first secret, if there is room."""
    parameters = {
        "id": endpoint.id,
        "owner": endpoint.owner,
        "url": endpoint.url,
        "occasions": encode_occasions(endpoint.occasions),
        "created_at": endpoint.created_at,
        "limit": limit,
    }
    db.execute(_ADD_ENDPOINT, parameters)
    if not db.changes():
        return False
    db.execute(_ADD_SECRET, {"holder": endpoint.id, "sealed": sealed, "now": endpoint.created_at})
    return True


def endpoints(db: apsw.Connection, viewer: Viewer) -> Sequence[Endpoint]:
    """The viewer's endpoints, oldest first."""
    owner = owner_filter(viewer)
    rows = query(db, _ENDPOINTS_ALL) if owner is None else query(db, _ENDPOINTS_OWN, {"viewer": owner})
    return [endpoint_of(row) for row in rows]


def endpoint(db: apsw.Connection, endpoint_id: str, viewer: Viewer) -> Endpoint | None:
    """One of them."""
    row = first(db, _ENDPOINT, {"id": endpoint_id, "viewer": owner_filter(viewer)})
    return None if row is None else endpoint_of(row)


def change_endpoint(db: apsw.Connection, endpoint_id: str, viewer: Viewer, change: EndpointChange, now: float) -> EndpointChanged | None:
    """Change an endpoint, and what is owed to it with that."""
    parameters = {
        "id": endpoint_id,
        "viewer": owner_filter(viewer),
        "url": change.url,
        "occasions": None if change.occasions is None else encode_occasions(change.occasions),
        "disabled": change.disabled,
        "reason": BY_OWNER,
        "now": now,
    }
    row = first(db, _CHANGE_ENDPOINT, parameters)
    if row is None:
        return None
    given_up = give_up_target(db, endpoint_id) if change.disabled else 0
    if change.renews:
        db.execute(_CLOSE_CIRCUIT, {"target": endpoint_id})
    return EndpointChanged(endpoint_of(row), given_up)


def remove_endpoint(db: apsw.Connection, endpoint_id: str, viewer: Viewer) -> int | None:
    """Remove an endpoint and all that is its; how much was owed to it."""
    if first(db, _REMOVE_ENDPOINT, {"id": endpoint_id, "viewer": owner_filter(viewer)}) is None:
        return None
    db.execute(_REMOVE_SECRETS, {"holder": endpoint_id})
    db.execute(_CLOSE_CIRCUIT, {"target": endpoint_id})
    return give_up_target(db, endpoint_id)


def secrets(db: apsw.Connection, holder: str, now: float) -> Sequence[Secret]:
    """The secrets in force, newest first."""
    return secrets_of(query(db, _SECRETS, {"holder": holder, "now": now}))


def add_secret(db: apsw.Connection, holder: str, sealed: bytes, overlap: float, now: float) -> Secret:
    """Give a holder a new secret, and those it had an end."""
    db.execute(_END_SECRETS, {"holder": holder, "ends_at": now + overlap})
    db.execute(_ADD_SECRET, {"holder": holder, "sealed": sealed, "now": now})
    return Secret(sealed=sealed, created_at=now)
