"""Reads for operators and estimates."""

from collections.abc import Mapping, Sequence

from coatcheck.store.insight import Depth
from coatcheck.store.postgres.connections import Connections


async def depths(db: Connections) -> Mapping[str, Depth]:
    """Queued and running jobs of each operation that has any."""
    return {operation: Depth(queued, running) for operation, queued, running in await db.fetch("depths", {})}


async def durations(db: Connections, operation: str, last: int) -> Sequence[float]:
    """Seconds the last completed runs took, newest first."""
    return [seconds for (seconds,) in await db.fetch("durations", {"operation": operation, "last": last})]


async def position(db: Connections, job_id: str) -> int | None:
    """Jobs ahead of this queued one; those who ask together share a statement."""
    return await db.positions.add(job_id)
