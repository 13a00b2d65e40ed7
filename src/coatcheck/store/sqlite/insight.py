"""Reads for operators and estimates."""

from collections.abc import Collection, Mapping, Sequence

import apsw

from coatcheck.store.insight import MEASURED, Depth, Standing, pace
from coatcheck.store.rows import standings
from coatcheck.store.sqlite.query import as_json, first, query
from coatcheck.store.sqlite.statement import statement

_AHEAD = statement("ahead")
_DEPTHS = statement("depths")
_DRAINED = statement("drained")
_DURATIONS = statement("durations")
_POSITION = statement("position")
_STANDING = statement("standing")
_COUNTED = 100
"""Jobs ahead that are counted one by one; beyond them the position is estimated."""


def depths(db: apsw.Connection) -> Mapping[str, Depth]:
    """Queued and running jobs of each operation that has any."""
    return {operation: Depth(queued, running) for operation, queued, running in query(db, _DEPTHS)}


def durations(db: apsw.Connection, operation: str, last: int) -> Sequence[float]:
    """Seconds the last completed runs took, newest first."""
    return [seconds for (seconds,) in query(db, _DURATIONS, {"operation": operation, "last": last})]


def drained(db: apsw.Connection, operation: str, within: float, now: float) -> float:
    """Jobs completed in a second."""
    row = first(db, _DRAINED, {"operation": operation, "within": within, "now": now, "last": MEASURED})
    return pace(row, within)


def position(db: apsw.Connection, job_id: str) -> int | None:
    """Jobs ahead of this queued one: exact near the head, estimated from the order of arrival further back."""
    row = first(db, _POSITION, {"id": job_id, "counted": _COUNTED})
    if row is None:
        return None
    ahead, seq, head, tail, queued = map(int, row)
    if ahead < _COUNTED:
        return ahead
    share = (seq - head) / (tail - head) if tail > head else 1.0
    return max(_COUNTED, round((queued - 1) * min(1.0, share)))


def ahead(db: apsw.Connection, operation: str) -> int | None:
    """The position of a job that has just been queued, and may start at once; None where too many wait for their time to tell."""
    [(queued, delayed)] = query(db, _AHEAD, {"operation": operation, "counted": _COUNTED})
    return None if delayed == _COUNTED else int(queued - delayed - 1)


def standing(db: apsw.Connection, job_ids: Collection[str]) -> Mapping[str, Standing]:
    """How these jobs stand."""
    return standings(query(db, _STANDING, {"ids": as_json(job_ids)}))
