"""Whether an ending that was stored without an answer was stored after all."""

from msgspec.structs import replace

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EVENT_LIMIT
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.store.contract import Store


async def landed(store: Store, claim: Claim) -> JobRecord | None:
    """The job, with the status that the worker of `claim` ended its run with; None where it did not. Raises StoreUnavailable.

    The job's log says it: the first event after the claim at which nobody holds the job any more is the worker's, or that
    of whoever took the job back.
    """
    job = await store.get(claim.job_id, SYSTEM)
    for event in await store.events(claim.job_id, SYSTEM, after=claim.job.last_event, limit=2 * EVENT_LIMIT):
        if not event.status.held:
            ours = event.actor == "worker" and event.worker == claim.worker
            return replace(job, status=event.status) if ours and isinstance(job, JobRecord) else None
    return None
