"""Opening a new life of a job."""

import apsw

from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.state import Verb, transition
from coatcheck.errors import JobNotRetryable
from coatcheck.store.sqlite.cancel import job_after
from coatcheck.store.sqlite.look import get
from coatcheck.store.sqlite.query import first
from coatcheck.store.sqlite.statement import statement

_RETRY = statement("retry")


def retry(db: apsw.Connection, job_id: str, viewer: Viewer, actor: str, now: float) -> JobRecord | Tombstone | None:
    """Queue a failed or cancelled job again, with a fresh budget."""
    job = get(db, job_id, viewer)
    if not isinstance(job, JobRecord):
        return job
    target = transition(job.status, Verb.RETRY)
    if target is None:
        raise JobNotRetryable(f"Only a failed or cancelled job can be retried; this one is {job.status}.")
    row = first(db, _RETRY, {"id": job_id, "before": job.status, "status": target, "now": now})
    return job_after(db, row, EventType.RETRIED, actor, now)
