"""What operators and estimates read of a store, apart from what moves jobs. Read-only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec


class Depth(msgspec.Struct, frozen=True):
    """How many jobs of an operation are under way."""

    queued: int = 0
    running: int = 0


class Standing(msgspec.Struct, frozen=True):
    """How far a job is, for who waits for it."""

    version: int
    """Raised by every change."""
    ended: bool


MEASURED = 100
"""Completions that are looked at to tell how fast jobs complete."""


def pace(measured: Sequence[Any] | None, within: float) -> float:
    """Jobs a second, from how many completed and how many seconds ago the first of them did.

    Fewer than `MEASURED` are all there were `within` so many seconds.

    >>> pace((MEASURED, 20.0), within=60)
    5.0
    >>> pace((30, 20.0), within=60)
    0.5
    """
    count, since = measured or (0, 0.0)
    return float(count) / (within if count < MEASURED else max(float(since), 0.001))


class Insight(Protocol):
    """A read-only look at the whole of a store."""

    async def depths(self) -> Mapping[str, Depth]:
        """Queued and running jobs of each operation that has any."""

    async def durations(self, operation: str, *, last: int = 100) -> Sequence[float]:
        """Seconds that the last completed runs of an operation took, newest first."""

    async def drained(self, operation: str, *, within: float = 60.0) -> float:
        """Jobs of the operation that completed in a second, over its last hundred or the last `within` seconds."""

    async def position(self, job_id: str) -> int | None:
        """Jobs of the same operation that are ahead of this queued one; None unless it is queued."""

    async def standing(self, job_ids: Collection[str]) -> Mapping[str, Standing]:
        """How these jobs stand, whoever owns them; those that are no more are left out."""
