"""What a run says of itself while it runs."""

from collections.abc import Iterator, Sequence

import apsw
import msgspec

from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EVENT_LIMIT, Event, EventType
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.store.contract import LogEntry
from coatcheck.store.rows import shown
from coatcheck.store.sqlite.event import write_event
from coatcheck.store.sqlite.query import first
from coatcheck.store.sqlite.statement import statement
from coatcheck.store.text import encode_json, storable

_REPORT = statement("report")
_REPORT_PROGRESS = statement("report_progress")
_TRIM_EVENTS = statement("trim_events")
_TRIM_NOTES = statement("trim_notes")
_CHECKPOINT = statement("checkpoint")


def report(db: apsw.Connection, claim: Claim, progress: Progress | None, log: Sequence[LogEntry], now: float) -> bool:
    """Record progress and log lines, if the claim still holds."""
    notes = list(_notes(progress, log, now))
    row = first(db, _REPORT, {"id": claim.job_id, "fence": claim.fence, "count": len(notes)})
    if row is None:
        return False
    job, last_event, kept, cancel_requested = row
    status = shown(Status.RUNNING, cancel_requested=bool(cancel_requested))
    for seq, (kind, at, data) in enumerate(notes, last_event - len(notes) + 1):
        write_event(
            db,
            job,
            Event(seq=seq, type=kind, at=at, status=status, attempt=claim.attempt, actor="worker", worker=claim.worker, data=data),
        )
    if progress is not None:
        _record(db, job, progress)
    if kept > EVENT_LIMIT:
        _trim(db, job, kept - EVENT_LIMIT)
    return True


def checkpoint(db: apsw.Connection, claim: Claim, data: bytes) -> bool:
    """Keep `data`, if the claim still holds."""
    db.execute(_CHECKPOINT, {"id": claim.job_id, "fence": claim.fence, "body": data})
    return db.changes() > 0


def _notes(progress: Progress | None, log: Sequence[LogEntry], now: float) -> Iterator[tuple[EventType, float, bytes]]:
    for entry in log:
        yield EventType.LOG, entry.at, encode_json(entry)
    if progress is not None:
        yield EventType.PROGRESS, now, encode_json(progress)


def _record(db: apsw.Connection, job: int, progress: Progress) -> None:
    said = msgspec.structs.asdict(progress) | {"message": storable(progress.message), "unit": storable(progress.unit), "job": job}
    db.execute(_REPORT_PROGRESS, said)


def _trim(db: apsw.Connection, job: int, excess: int) -> None:
    db.execute(_TRIM_EVENTS, {"job": job, "excess": excess})
    db.execute(_TRIM_NOTES, {"job": job, "excess": excess})
