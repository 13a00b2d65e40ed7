"""Reads for operators and estimates."""

from collections.abc import Collection, Mapping, Sequence

from coatcheck.store.insight import MEASURED, Depth, Standing, pace
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.rows import standings


async def depths(db: Connections) -> Mapping[str, Depth]:
    """Queued and running jobs of each operation that has any."""
    return {operation: Depth(queued, running) for operation, queued, running in await db.fetch("depths", {})}


async def durations(db: Connections, operation: str, last: int) -> Sequence[float]:
    """Seconds the last completed runs took, newest first."""
    return [seconds for (seconds,) in await db.fetch("durations", {"operation": operation, "last": last})]


async def drained(db: Connections, operation: str, within: float) -> float:
    """Jobs completed in a second."""
    return pace(await db.first("drained", {"operation": operation, "within": within, "last": MEASURED}), within)


async def position(db: Connections, job_id: str) -> int | None:
    """Jobs ahead of this queued one; those who ask together share a statement."""
    return await db.positions.add(job_id)


async def standing(db: Connections, job_ids: Collection[str]) -> Mapping[str, Standing]:
    """How these jobs stand."""
    return standings(await db.fetch("standing", {"ids": Texts(job_ids)}))
