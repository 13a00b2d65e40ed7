"""Storing a job."""

import apsw
import msgspec

from coatcheck.domain.delivery import target_of
from coatcheck.domain.event import Event, EventType
from coatcheck.domain.job import JobRecord, Submission
from coatcheck.domain.state import Status
from coatcheck.errors import IdempotencyKeyReused, JobExpired
from coatcheck.store.bounds import bounds
from coatcheck.store.contract import IDEMPOTENCY_TTL, Submitted
from coatcheck.store.sqlite.event import write_event
from coatcheck.store.sqlite.insight import ahead
from coatcheck.store.sqlite.look import get
from coatcheck.store.sqlite.query import first
from coatcheck.store.sqlite.statement import statement

_ROOM = statement("room")
_SUBMIT = statement("submit")
_SUBMIT_ARGUMENTS = statement("submit_arguments")
_SUBMIT_INPUT = statement("submit_input")
_SUBMIT_CALLBACK = statement("submit_callback")
_SUBMIT_KEY = statement("submit_key")
_FIND_KEY = statement("find_key")


def submit(db: apsw.Connection, submission: Submission, now: float) -> Submitted:
    """Store the job, its arguments and their blobs, its webhook, its key and its first event; or find the job that its key leads to."""
    if submission.idempotency_key is not None and (earlier := _earlier(db, submission, now)):
        return Submitted(earlier, replayed=True)
    _require_room(db, submission)
    db.execute(_SUBMIT, msgspec.structs.asdict(submission) | {"now": now})
    row = db.last_insert_rowid()
    db.execute(_SUBMIT_ARGUMENTS, {"job": row, "body": submission.arguments})
    for blob in submission.blobs:
        db.execute(_SUBMIT_INPUT, (row, blob))
    if (url := submission.webhook_url) is not None:
        db.execute(_SUBMIT_CALLBACK, {"job": row, "url": url, "target": target_of(url, submission.owner)})
    if submission.idempotency_key is not None:
        db.execute(_SUBMIT_KEY, msgspec.structs.asdict(submission) | {"job": row, "expires_at": now + IDEMPOTENCY_TTL})
    accepted = Event(seq=1, type=EventType.ACCEPTED, at=now, status=Status.QUEUED, attempt=0, actor=submission.owner)
    write_event(db, row, accepted)
    return Submitted(submission.accepted(now), replayed=False, ahead=None if submission.delay else ahead(db, submission.operation))


def _earlier(db: apsw.Connection, submission: Submission, now: float) -> JobRecord | None:
    found = first(db, _FIND_KEY, msgspec.structs.asdict(submission) | {"now": now})
    if found is None:
        return None
    fingerprint, job_id = found
    if fingerprint != submission.fingerprint:
        raise IdempotencyKeyReused
    job = get(db, job_id, submission.owner) if job_id is not None else None
    if not isinstance(job, JobRecord):
        raise JobExpired("The job of this Idempotency-Key ended and its record has been removed; send a new key to have it done again.")
    return job


def _require_room(db: apsw.Connection, submission: Submission) -> None:
    for bound in bounds(submission):
        scope = bound.scope
        counted = first(db, _ROOM, {"operation": scope.operation, "owner": scope.owner, "limit": bound.limit})
        if counted is not None and counted[0] >= bound.limit:
            raise bound.refusal()
