"""Ending attempts."""

import apsw
import msgspec

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import Event
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Outcome
from coatcheck.domain.result import Result
from coatcheck.store.rows import Row, inline, job_record
from coatcheck.store.settlement import Settlement, event_type, settlement
from coatcheck.store.sqlite.event import write_event
from coatcheck.store.sqlite.query import first
from coatcheck.store.sqlite.statement import statement
from coatcheck.store.text import encode_json, storable

_SETTLE = statement("settle")
_SETTLE_RESULT = statement("settle_result")


def settle(db: apsw.Connection, claim: Claim, outcome: Outcome, now: float) -> JobRecord | None:
    """Make of the job what the outcome says, if the claim still holds."""
    ending = settlement(outcome)
    row = _update(db, claim, ending, now)
    if row is None:
        return None
    job = job_record(row, None if ending.result is None else inline(ending.result))
    if ending.result is not None:
        _keep(db, row[0], ending.result)
    _tell(db, row[0], job, claim, ending, now)
    return job


def _update(db: apsw.Connection, claim: Claim, ending: Settlement, now: float) -> Row | None:
    parameters = {
        "id": claim.job_id,
        "fence": claim.fence,
        "now": now,
        "status": ending.status,
        "status_if_cancelling": ending.status_if_cancelling,
        "not_before": None if ending.delay is None else now + ending.delay,
        "delayed": None if ending.delay is None else ending.delay > 0,
        "completed_at": now if ending.status.terminal else None,
        "failures": ending.failures,
        "crashes": ending.crashes,
        "percent": ending.percent,
        "error": ending.error,
    }
    return first(db, _SETTLE, parameters)


def _keep(db: apsw.Connection, row: int, result: Result) -> None:
    said = msgspec.structs.asdict(result) | {"job": row, "filename": storable(result.filename)}
    db.execute(_SETTLE_RESULT, said)


def _tell(db: apsw.Connection, row: int, job: JobRecord, claim: Claim, ending: Settlement, now: float) -> None:
    event = Event(
        seq=job.last_event,
        type=event_type(ending.verb, job.status),
        at=now,
        status=job.status,
        attempt=job.attempt,
        actor="worker",
        worker=claim.worker,
        reason=ending.reason,
        data=None if ending.problem is None else encode_json(ending.problem),
    )
    write_event(db, row, event)
