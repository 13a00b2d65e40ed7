"""Taking back what workers hold that are gone. Every worker does it; the sweep is a compare-and-set."""

from coatcheck.domain.state import Status
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.store.deliveries import Deliveries
from coatcheck.telemetry import Telemetry
from coatcheck.worker.gone import gone

SWEEP_INTERVAL = 0.5
"""Seconds between two looks for workers that are gone, and for leases that are over."""


class Rescue(Service):
    """Sweeps for what is held by workers known to be gone, and for leases that are over."""

    def __init__(self, *, store: Store, deliveries: Deliveries, telemetry: Telemetry, interval: float = SWEEP_INTERVAL) -> None:
        super().__init__(interval=interval, telemetry=telemetry)
        self._store, self._deliveries = store, deliveries

    async def turn(self) -> None:
        for worker_id in gone(await self._store.holders()):
            if await self.take_back(worker_id):
                self._telemetry.emit("worker.lost", worker=worker_id, reason="its process is gone")
        await self._rescue(None)

    async def take_back(self, worker_id: str) -> int:
        """Take back at once all that a dead worker held: jobs, each of which that costs a crash, and webhooks. How many."""
        return await self._rescue(worker_id) + await self._deliveries.release_deliveries(worker_id)

    async def _rescue(self, worker_id: str | None) -> int:
        rescued = 0
        while jobs := await self._store.rescue(worker_id):
            rescued += len(jobs)
            for job in jobs:
                self._telemetry.emit("job.cancelled" if job.status is Status.CANCELLED else "job.rescued", job=job)
        return rescued
