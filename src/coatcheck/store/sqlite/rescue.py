"""Taking jobs back from workers that are gone."""

from collections.abc import Sequence

import apsw

from coatcheck.clock import BootTime
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import CRASH_LIMIT
from coatcheck.domain.problem import worker_lost
from coatcheck.domain.state import Status, Verb
from coatcheck.store.rows import Row, job_record
from coatcheck.store.settlement import event_type, leads_to
from coatcheck.store.sqlite.event import write_event
from coatcheck.store.sqlite.query import first, query
from coatcheck.store.sqlite.statement import statement
from coatcheck.store.text import encode_json

_HOLDERS = statement("holders")
_STALE = statement("stale")
_RESCUE = statement("rescue")


def holders(db: apsw.Connection) -> frozenset[str]:
    """Workers that hold jobs, and dispatchers that hold deliveries."""
    return frozenset(worker for (worker,) in query(db, _HOLDERS, {}))


def stale(db: apsw.Connection, worker: str | None, boot: BootTime, limit: int) -> list[Row]:
    """Rows, fences and workers of jobs to take back: of one dead worker, or wherever the lease is over. A read."""
    parameters = {
        "worker": worker,
        "boot_id": boot.boot_id,
        "seconds": boot.seconds,
        "limit": limit if worker is None else -1,  # a dead worker's jobs go back all at once
    }
    return query(db, _STALE, parameters)


def rescue(db: apsw.Connection, found: Sequence[Row], worker: str | None, now: float, boot: BootTime) -> Sequence[JobRecord]:
    """Take back those of the jobs `found` that are as stale as they were."""
    parameters = {
        "worker": worker,
        "boot_id": boot.boot_id,
        "seconds": boot.seconds,
        "now": now,
        "crash_limit": CRASH_LIMIT,
        "status": leads_to(Status.RUNNING, Verb.RESCUE),
        "status_at_limit": leads_to(Status.RUNNING, Verb.FAIL),
        "status_if_cancelling": leads_to(Status.CANCELLING, Verb.RESCUE),
        "error": encode_json(worker_lost(CRASH_LIMIT)),
    }
    rescued = []
    for job, fence, lost in found:
        row = first(db, _RESCUE, parameters | {"job": job, "fence": fence})
        if row is not None:
            rescued.append(_rescued(db, row, lost, now))
    return rescued


def _rescued(db: apsw.Connection, row: Row, lost: str, now: float) -> JobRecord:
    job = job_record(row)
    event = Event(
        seq=job.last_event,
        type=event_type(Verb.RESCUE, job.status),
        at=now,
        status=job.status,
        attempt=job.attempt,
        actor="system",
        worker=lost,
        reason=f"The worker was lost ({job.crashes} of {CRASH_LIMIT}).",
        data=None if job.error is None else encode_json(job.error),
    )
    write_event(db, row[0], event)
    return job
