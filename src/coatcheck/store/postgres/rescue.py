"""Taking jobs back from workers that are gone."""

from collections.abc import Sequence

from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import CRASH_LIMIT
from coatcheck.domain.problem import worker_lost
from coatcheck.domain.state import Status, Verb
from coatcheck.failpoints import failpoint
from coatcheck.store.postgres.columns import Integers
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.rows import job_record
from coatcheck.store.settlement import event_type, leads_to
from coatcheck.store.text import encode_json


async def holders(db: Connections) -> frozenset[str]:
    """Workers that hold jobs, and dispatchers that hold deliveries."""
    return frozenset(worker for (worker,) in await db.fetch("holders", {}))


async def rescue(db: Connections, worker: str | None, limit: int) -> Sequence[JobRecord]:
    """Take back jobs of one dead worker, which go back all at once, or wherever the lease is over."""
    found = await db.fetch("stale", {"worker": worker, "limit": limit if worker is None else None})
    if not found:
        return []
    failpoint("rescue.before_write")
    status, at_limit = leads_to(Status.RUNNING, Verb.RESCUE), leads_to(Status.RUNNING, Verb.FAIL)
    if_cancelling = leads_to(Status.CANCELLING, Verb.RESCUE)
    parameters = {
        "seq": Integers(seq for seq, _ in found),
        "fence": Integers(fence for _, fence in found),
        "worker": worker,
        "crash_limit": CRASH_LIMIT,
        "status": status.value,
        "status_at_limit": at_limit.value,
        "status_if_cancelling": if_cancelling.value,
        "event": event_type(Verb.RESCUE, status).value,
        "event_at_limit": event_type(Verb.RESCUE, at_limit).value,
        "event_if_cancelling": event_type(Verb.RESCUE, if_cancelling).value,
        "actor": "system",
        "reason": f"The worker was lost (%s of {CRASH_LIMIT}).",
        "error": encode_json(worker_lost(CRASH_LIMIT)),
    }
    return [job_record(row) for row in await db.fetch("rescue", parameters)]
