"""Removing what has expired."""

import asyncio

from coatcheck.blobs.contract import Blobs
from coatcheck.push.facts import facts_of
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry

PRUNE_INTERVAL = 60.0
"""Seconds between two prunings."""


class Prune(Service):
    """Removes expired jobs and their blobs, and tells which webhooks were given up."""

    def __init__(self, *, store: Store, blobs: Blobs, telemetry: Telemetry) -> None:
        super().__init__(interval=PRUNE_INTERVAL, telemetry=telemetry)
        self._store, self._blobs = store, blobs

    async def turn(self) -> None:
        jobs = 0
        while (pruned := await self._store.prune()).jobs or pruned.given_up:
            await asyncio.to_thread(self._blobs.delete, pruned.blobs)
            jobs += pruned.jobs
            for given_up in pruned.given_up:
                self._telemetry.emit("delivery.dead", **facts_of(given_up.delivery), reason=given_up.reason)
        if jobs:
            self._telemetry.emit("store.pruned", jobs=jobs)
