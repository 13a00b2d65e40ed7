"""Keeping claims."""

from collections.abc import Mapping

from coatcheck.domain.claim import Heartbeat
from coatcheck.store.postgres.columns import Integers, Texts
from coatcheck.store.postgres.connections import Connections


async def heartbeat(db: Connections, worker: str, held: Mapping[str, int], lease: float) -> Heartbeat:
    """Renew the leases of what `worker` believes to hold, and say where it errs."""
    if not held:
        return Heartbeat()
    parameters = {"id": Texts(held), "fence": Integers(held.values()), "worker": worker, "lease": lease}
    renewed: dict[str, bool] = dict(await db.fetch_at_once("heartbeat", parameters))
    return Heartbeat(
        cancel_requested=frozenset(job_id for job_id, cancel_requested in renewed.items() if cancel_requested),
        lost=frozenset(held.keys() - renewed.keys()),
    )


async def keep(db: Connections, worker: str, lease: float) -> int:
    """Renew the leases of all that `worker` holds; how many."""
    return len(await db.fetch_at_once("keep", {"worker": worker, "lease": lease}))


async def cancel_requests(db: Connections, worker: str) -> frozenset[str]:
    """Jobs held by `worker` that were asked to stop."""
    return frozenset(job_id for (job_id,) in await db.fetch_at_once("cancel_requests", {"worker": worker}))
