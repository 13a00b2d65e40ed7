"""Renewing the leases of what a worker holds."""

from collections.abc import Callable, Mapping

from coatcheck.clock import Clock
from coatcheck.errors import StoreUnavailable
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry
from coatcheck.worker.run import ActiveRun, Interruption

BEATS_A_LEASE = 5
TRUST = 1 - 1 / BEATS_A_LEASE
"""Part of a lease for which it is trusted since it was last renewed."""


class Heartbeat(Service):
    """Beats five times a lease, and five times within what is taken for a stall.

    A run whose lease is lost, or can no longer be trusted, is told to end.
    """

    def __init__(
        self,
        *,
        worker_id: str,
        runs: Callable[[], Mapping[str, ActiveRun]],
        store: Store,
        clock: Clock,
        telemetry: Telemetry,
        lease: float,
        stall_limit: float,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(interval=min(lease, stall_limit) / BEATS_A_LEASE, telemetry=telemetry)
        self._worker_id, self._runs, self._store, self._clock = worker_id, runs, store, clock
        self._trust = lease * TRUST
        self._renewed_at = clock.boot().seconds
        self._alive = alive

    async def turn(self) -> None:
        self._alive()
        sent_at = self._clock.boot().seconds
        runs = {job_id: run for job_id, run in self._runs().items() if run.interruption is not Interruption.LOST}
        try:
            beat = await self._store.heartbeat(self._worker_id, {job_id: run.fence for job_id, run in runs.items()})
        except StoreUnavailable:
            if sent_at - self._renewed_at > self._trust:
                self._interrupt(runs, runs, Interruption.LOST)
            raise
        self._renewed_at = sent_at
        self._interrupt(runs, beat.lost, Interruption.LOST)
        self._interrupt(runs, beat.cancel_requested, Interruption.CANCELLED)

    def _interrupt(self, runs: Mapping[str, ActiveRun], job_ids: Mapping[str, ActiveRun] | frozenset[str], why: Interruption) -> None:
        for job_id in job_ids:
            runs[job_id].interrupt(why)
