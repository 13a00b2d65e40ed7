"""Cancelling a job."""

import apsw

from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord, Tombstone
from coatcheck.domain.owner import Viewer
from coatcheck.domain.state import Verb, transition
from coatcheck.store.rows import Row, job_record, stored
from coatcheck.store.sqlite.event import write_event
from coatcheck.store.sqlite.look import get
from coatcheck.store.sqlite.query import first
from coatcheck.store.sqlite.statement import statement

_CANCEL = statement("cancel")


def cancel(db: apsw.Connection, job_id: str, viewer: Viewer, actor: str, now: float) -> JobRecord | Tombstone | None:
    """Cancel a queued job, ask a running one to stop, leave any other as it is."""
    job = get(db, job_id, viewer)
    if not isinstance(job, JobRecord):
        return job
    target = transition(job.status, Verb.CANCEL)
    if target is None or target is job.status:
        return job
    parameters = {
        "id": job_id,
        "before": job.status,
        "status": stored(target),
        "now": now,
        "completed_at": now if target.terminal else None,
    }
    row = first(db, _CANCEL, parameters)
    return job_after(db, row, EventType.CANCELLED if target.terminal else EventType.CANCEL_REQUESTED, actor, now)


def job_after(db: apsw.Connection, row: Row | None, type: EventType, actor: str, now: float) -> JobRecord:
    """The job as a client's verb left it, with its event written."""
    assert row is not None
    job = job_record(row)
    event = Event(seq=job.last_event, type=type, at=now, status=job.status, attempt=job.attempt, actor=actor, worker=job.worker)
    write_event(db, row[0], event)
    return job
