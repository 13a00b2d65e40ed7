"""Reads for operators and estimates."""

from collections.abc import Mapping, Sequence

import apsw

from coatcheck.store.insight import Depth
from coatcheck.store.sqlite.query import first, query
from coatcheck.store.sqlite.statement import statement

_DEPTHS = statement("depths")
_DURATIONS = statement("durations")
_POSITION = statement("position")
_COUNTED = 100
"""Jobs ahead that are counted one by one; beyond them the position is estimated."""


def depths(db: apsw.Connection) -> Mapping[str, Depth]:
    """Queued and running jobs of each operation that has any."""
    return {operation: Depth(queued, running) for operation, queued, running in query(db, _DEPTHS)}


def durations(db: apsw.Connection, operation: str, last: int) -> Sequence[float]:
    """Seconds the last completed runs took, newest first."""
    return [seconds for (seconds,) in query(db, _DURATIONS, {"operation": operation, "last": last})]


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
