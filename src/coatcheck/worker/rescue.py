"""Taking back the jobs of workers that are gone. Every worker does it; the sweep is a compare-and-set."""

from coatcheck.domain.state import Status
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry

SWEEP_INTERVAL = 0.5
"""Seconds between two looks for leases that are over."""


class Rescue(Service):
    """Sweeps for leases that are over."""

    def __init__(self, *, store: Store, telemetry: Telemetry, interval: float = SWEEP_INTERVAL) -> None:
        super().__init__(interval=interval, telemetry=telemetry)
        self._store = store

    async def turn(self) -> None:
        await self.rescue(None)

    async def rescue(self, worker_id: str | None) -> int:
        """Take back what `worker_id`, known to be dead, held; None: what nobody's lease covers. How many jobs."""
        rescued = 0
        while jobs := await self._store.rescue(worker_id):
            rescued += len(jobs)
            for job in jobs:
                self._telemetry.emit("job.cancelled" if job.status is Status.CANCELLED else "job.rescued", job=job)
        return rescued
