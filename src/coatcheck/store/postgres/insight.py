"""Reads for operators and estimates."""

from collections.abc import Mapping, Sequence

from coatcheck.store.insight import Depth
from coatcheck.store.postgres.connections import Connections

_COUNTED = 100
"""Jobs ahead that are counted one by one; beyond them the position is estimated."""


async def depths(db: Connections) -> Mapping[str, Depth]:
    """Queued and running jobs of each operation that has any."""
    return {operation: Depth(queued, running) for operation, queued, running in await db.fetch("depths", {})}


async def durations(db: Connections, operation: str, last: int) -> Sequence[float]:
    """Seconds the last completed runs took, newest first."""
    return [seconds for (seconds,) in await db.fetch("durations", {"operation": operation, "last": last})]


async def position(db: Connections, job_id: str) -> int | None:
    """Jobs ahead of this queued one: exact near the head, further back told from how close together those there were submitted."""
    row = await db.first("position", {"id": job_id, "counted": _COUNTED})
    if row is None:
        return None
    ahead, seq, first, last = map(int, (*row[:2], *(row[2:] if row[0] else (0, 0))))
    if ahead < _COUNTED:
        return ahead
    apart = max(1.0, (last - first) / max(1, _COUNTED - 1))
    return max(_COUNTED, round((seq - first) / apart))
