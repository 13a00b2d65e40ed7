"""Renewing the leases of what a worker holds."""

from collections.abc import Callable, Mapping

from coatcheck.clock import Clock
from coatcheck.domain.outcome import Released
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

    A run whose lease is lost, or can no longer be trusted, is told to end. In the latter case the job may still be this worker's
    once the store is back, and its supervisor would keep the lease for ever: it is given back.
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
        self._given_up: list[ActiveRun] = []

    async def turn(self) -> None:
        self._alive()
        sent_at = self._clock.boot().seconds
        runs = {job_id: run for job_id, run in self._runs().items() if run.interruption is not Interruption.LOST}
        try:
            beat = await self._store.heartbeat(self._worker_id, {job_id: run.fence for job_id, run in runs.items()})
        except StoreUnavailable:
            if sent_at - self._renewed_at > self._trust:
                self._interrupt(runs, runs, Interruption.LOST)
                self._given_up += [run for run in runs.values() if run.interruption is Interruption.LOST]
            raise
        self._renewed_at = sent_at
        self._interrupt(runs, beat.lost, Interruption.LOST)
        self._interrupt(runs, beat.cancel_requested, Interruption.CANCELLED)
        for run in [run for run in self._given_up if run.ended]:
            await self._store.settle(run.claim, Released("its lease could not be renewed in time"))
            self._given_up.remove(run)

    def _interrupt(self, runs: Mapping[str, ActiveRun], job_ids: Mapping[str, ActiveRun] | frozenset[str], why: Interruption) -> None:
        for job_id in job_ids:
            runs[job_id].interrupt(why)
