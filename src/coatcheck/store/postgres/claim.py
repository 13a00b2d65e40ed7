"""Starting attempts."""

from collections.abc import Sequence

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EventType
from coatcheck.domain.state import Status, Verb
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.rows import JOB_WIDTH, Row, job_record
from coatcheck.store.settlement import leads_to


async def claim(db: Connections, worker: str, operations: Sequence[str], limit: int, *, lease: float, grace: float) -> Sequence[Claim]:
    """Start up to `limit` due jobs, oldest first within an operation, the operations taking turns in their order."""
    parameters = {
        "operations": Texts(operations),
        "limit": limit,
        "status": leads_to(Status.QUEUED, Verb.CLAIM).value,
        "event": EventType.STARTED.value,
        "actor": "worker",
        "worker": worker,
        "lease": lease,
        "grace": grace,
    }
    return [_started(row, worker) for row in await db.fetch("claim", parameters)]


def _started(row: Row, worker: str) -> Claim:
    job = job_record(row)
    arguments, checkpoint = row[JOB_WIDTH:]
    return Claim(job=job, worker=worker, fence=job.fence, arguments=arguments, checkpoint=checkpoint)
