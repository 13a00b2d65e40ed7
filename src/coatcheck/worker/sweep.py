"""Removing blobs that no job refers to."""

import asyncio

from coatcheck.blobs.contract import Blobs
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry

SWEEP_INTERVAL = 3600.0
"""Seconds between two sweeps: each looks at every blob there is."""
ORPHAN_AGE = 24 * 3600.0
"""Seconds after which a blob that no job refers to is an orphan: its run was lost between writing it and settling."""
TOGETHER = 1000
"""Blobs that the store is asked about at a time."""


class Sweep(Service):
    """Removes orphaned blobs."""

    def __init__(self, *, store: Store, blobs: Blobs, telemetry: Telemetry) -> None:
        super().__init__(interval=SWEEP_INTERVAL, telemetry=telemetry)
        self._store, self._blobs = store, blobs

    async def turn(self) -> None:
        old = await asyncio.to_thread(lambda: self._blobs.keys(older_than=ORPHAN_AGE))
        for first in range(0, len(old), TOGETHER):
            if orphans := await self._store.unreferenced(old[first : first + TOGETHER]):
                await asyncio.to_thread(self._blobs.delete, orphans)
