"""Ending attempts, many at once."""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from coatcheck.domain.claim import Claim
from coatcheck.domain.job import JobRecord
from coatcheck.domain.outcome import Completed, Outcome
from coatcheck.domain.result import Result
from coatcheck.store.rows import Row, inline, job_record
from coatcheck.store.settlement import Settlement, event_type, settlement
from coatcheck.store.sqlite.query import as_json, query
from coatcheck.store.sqlite.statement import statement
from coatcheck.store.text import encode_json, storable

_SETTLE = statement("settle")
_SETTLE_EVENTS = statement("settle_events")
_SETTLE_RESULT = statement("settle_result")

_Held = tuple[str, int]
"""A job's id, and the fence of the claim to it."""


def settle(db: apsw.Connection, endings: Sequence[tuple[Claim, Outcome]], now: float) -> Sequence[JobRecord | None]:
    """Make of each job what its outcome says, where the claim still holds."""
    rows = {row[:2]: row[2:] for worker, writes, held in _alike(endings) for row in _end(db, worker, writes, held, now)}
    results = {_held(claim): outcome.result for claim, outcome in endings if isinstance(outcome, Completed)}
    db.executemany(_SETTLE_RESULT, [_columns(rows[held][0], result) for held, result in results.items() if held in rows])
    return [_job(rows.get(held), results.get(held)) for held in (_held(claim) for claim, _ in endings)]


def _held(claim: Claim) -> _Held:
    return claim.job_id, claim.fence


def _alike(endings: Sequence[tuple[Claim, Outcome]]) -> Iterable[tuple[str, Settlement, Sequence[_Held]]]:
    """Which worker writes what, and to which jobs. But for their results, all that completed is written alike; the rest is not compared."""
    alike: dict[tuple[str, int | None], tuple[Settlement, list[_Held]]] = {}
    for number, (claim, outcome) in enumerate(endings):
        kind = claim.worker, None if isinstance(outcome, Completed) else number
        if kind not in alike:
            alike[kind] = settlement(outcome), []
        alike[kind][1].append(_held(claim))
    return [(worker, writes, held) for (worker, _), (writes, held) in alike.items()]


def _end(db: apsw.Connection, worker: str, writes: Settlement, held: Sequence[_Held], now: float) -> Sequence[Row]:
    """Write to those jobs that are held, and tell of it in their histories; their rows, after id and fence."""
    changes = {
        "held": as_json(held),
        "now": now,
        "status": writes.status,
        "status_if_cancelling": writes.status_if_cancelling,
        "delay": writes.delay,
        "ends": writes.status.terminal,
        "failures": writes.failures,
        "crashes": writes.crashes,
        "percent": writes.percent,
        "error": writes.error,
    }
    rows = query(db, _SETTLE, changes)
    events = {
        "jobs": as_json([number for _, _, number, *_ in rows]),
        "event": event_type(writes.verb, writes.status),
        "event_if_cancelling": event_type(writes.verb, writes.status_if_cancelling),
        "now": now,
        "worker": worker,
        "reason": storable(writes.reason),
        "data": None if writes.problem is None else encode_json(writes.problem),
    }
    db.execute(_SETTLE_EVENTS, events)
    return rows


def _columns(job: int, result: Result) -> tuple[Any, ...]:
    return job, result.media_type, result.size, result.digest, result.blob, storable(result.filename), result.body


def _job(row: Row | None, result: Result | None) -> JobRecord | None:
    return None if row is None else job_record(row, None if result is None else inline(result))
