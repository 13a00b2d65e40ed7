"""Where owners want to be told, and what that is signed with."""

from collections.abc import Sequence

from coatcheck.domain.endpoint import Endpoint, Secret
from coatcheck.domain.owner import Viewer
from coatcheck.store.deliveries import BY_OWNER, EndpointChange, EndpointChanged
from coatcheck.store.delivery_rows import encode_occasions, endpoint_of, secrets_of
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.rows import owner_filter


async def add_endpoint(db: Connections, endpoint: Endpoint, sealed: bytes, limit: int) -> bool:
    """Store an endpoint and its first secret, if there is room."""
    parameters = {
        "id": endpoint.id,
        "owner": endpoint.owner,
        "url": endpoint.url,
        "occasions": encode_occasions(endpoint.occasions),
        "created_at": endpoint.created_at,
        "sealed": sealed,
        "limit": limit,
    }
    return bool(await db.fetch_alone(f"endpoints of {endpoint.owner}", "add_endpoint", parameters))


async def endpoints(db: Connections, viewer: Viewer) -> Sequence[Endpoint]:
    """The viewer's endpoints, oldest first."""
    owner = owner_filter(viewer)
    rows = await (db.fetch("endpoints_all", {}) if owner is None else db.fetch("endpoints_own", {"viewer": owner}))
    return [endpoint_of(row) for row in rows]


async def endpoint(db: Connections, endpoint_id: str, viewer: Viewer) -> Endpoint | None:
    """One of them."""
    row = await db.first("endpoint", {"id": endpoint_id, "viewer": owner_filter(viewer)})
    return None if row is None else endpoint_of(row)


async def change_endpoint(db: Connections, endpoint_id: str, viewer: Viewer, change: EndpointChange) -> EndpointChanged | None:
    """Change an endpoint, and what is owed to it with that."""
    parameters = {
        "id": endpoint_id,
        "viewer": owner_filter(viewer),
        "url": change.url,
        "occasions": None if change.occasions is None else encode_occasions(change.occasions),
        "disabled": change.disabled,
        "reason": BY_OWNER,
        "renews": change.renews,
    }
    row = await db.first("change_endpoint", parameters)
    return None if row is None else EndpointChanged(endpoint_of(row[1:]), row[0])


async def remove_endpoint(db: Connections, endpoint_id: str, viewer: Viewer) -> int | None:
    """Remove an endpoint and all that is its; how much was owed to it."""
    row = await db.first("remove_endpoint", {"id": endpoint_id, "viewer": owner_filter(viewer)})
    return None if row is None else int(row[0])


async def secrets(db: Connections, holder: str) -> Sequence[Secret]:
    """The secrets in force, newest first."""
    return secrets_of(await db.fetch("secrets", {"holder": holder}))


async def add_secret(db: Connections, holder: str, sealed: bytes, overlap: float) -> Secret:
    """Give a holder a new secret, and those it had an end."""
    [(created_at,)] = await db.fetch_alone(f"secrets of {holder}", "add_secret", {"holder": holder, "sealed": sealed, "overlap": overlap})
    return Secret(sealed=sealed, created_at=created_at)
