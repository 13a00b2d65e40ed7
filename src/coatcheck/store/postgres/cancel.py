"""Cancelling a job."""

from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.state import Verb, transition
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.postgres.look import get
from coatcheck.store.rows import job_record, stored


async def cancel(db: Connections, job_id: str, viewer: Viewer, actor: str) -> JobRecord | Tombstone | None:
    """Cancel a queued job, ask a running one to stop, leave any other as it is.

    Whoever moves the job between the look and the change has us look again.
    """
    while True:
        job = await get(db, job_id, viewer)
        if not isinstance(job, JobRecord):
            return job
        target = transition(job.status, Verb.CANCEL)
        if target is None or target is job.status:
            return job
        parameters = {
            "id": job_id,
            "before": job.status.value,
            "status": stored(target).value,
            "shown": target.value,
            "ends": target.terminal,
            "event": (EventType.CANCELLED if target.terminal else EventType.CANCEL_REQUESTED).value,
            "actor": actor,
        }
        if row := await db.first("cancel", parameters):
            return job_record(row)
