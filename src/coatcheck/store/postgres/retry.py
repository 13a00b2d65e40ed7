"""Opening a new life of a job."""

from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.state import Verb, transition
from coatcheck.errors import JobNotRetryable
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.postgres.look import get
from coatcheck.store.rows import job_record


async def retry(db: Connections, job_id: str, viewer: Viewer, actor: str) -> JobRecord | Tombstone | None:
    """Queue a failed or cancelled job again, with a fresh budget. Whoever moves it meanwhile has us look again."""
    while True:
        job = await get(db, job_id, viewer)
        if not isinstance(job, JobRecord):
            return job
        target = transition(job.status, Verb.RETRY)
        if target is None:
            raise JobNotRetryable(f"Only a failed or cancelled job can be retried; this one is {job.status}.")
        parameters = {
            "id": job_id,
            "before": job.status.value,
            "status": target.value,
            "event": EventType.RETRIED.value,
            "actor": actor,
        }
        if row := await db.first("retry", parameters):
            return job_record(row)
