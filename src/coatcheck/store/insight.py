"""What operators and estimates read of a store, apart from what moves jobs. Read-only."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class Depth(msgspec.Struct, frozen=True):
    """How many jobs of an operation are under way."""

    queued: int = 0
    running: int = 0


class Insight(Protocol):
    """A read-only look at the whole of a store."""

    async def depths(self) -> Mapping[str, Depth]:
        """Queued and running jobs of each operation that has any."""

    async def durations(self, operation: str, *, last: int = 100) -> Sequence[float]:
        """Seconds that the last completed runs of an operation took, newest first."""

    async def position(self, job_id: str) -> int | None:
        """Jobs of the same operation that are ahead of this queued one; None unless it is queued."""
