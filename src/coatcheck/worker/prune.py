"""Removing what has expired."""

import asyncio

from coatcheck.blobs.contract import Blobs
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry

PRUNE_INTERVAL = 60.0
"""Seconds between two prunings."""


class Prune(Service):
    """Removes expired jobs and their blobs."""

    def __init__(self, *, store: Store, blobs: Blobs, telemetry: Telemetry) -> None:
        super().__init__(interval=PRUNE_INTERVAL, telemetry=telemetry)
        self._store, self._blobs = store, blobs

    async def turn(self) -> None:
        jobs = 0
        while (pruned := await self._store.prune()).jobs:
            await asyncio.to_thread(self._blobs.delete, pruned.blobs)
            jobs += pruned.jobs
        if jobs:
            self._telemetry.emit("store.pruned", jobs=jobs)
