"""Storing what runs say of themselves, at most ten times a second each; the last word always arrives."""

import asyncio
from collections.abc import Callable, Iterable

from coatcheck.context import REPORT_INTERVAL
from coatcheck.errors import StoreUnavailable
from coatcheck.service import Service
from coatcheck.store.contract import Store
from coatcheck.telemetry import Telemetry
from coatcheck.worker.run import ActiveRun, Interruption


class Reporter(Service):
    """Flushes progress, log lines and checkpoints of the active runs."""

    def __init__(self, *, runs: Callable[[], Iterable[ActiveRun]], store: Store, telemetry: Telemetry) -> None:
        super().__init__(interval=REPORT_INTERVAL, telemetry=telemetry)
        self._runs, self._store = runs, store

    async def turn(self) -> None:
        await asyncio.gather(*(self.flush(run) for run in self._runs() if run.unsaid and not run.flushing.locked()))

    async def flush(self, run: ActiveRun) -> None:
        """Store what `run` has said so far. A run whose claim is gone is told so."""
        async with run.flushing:
            if run.unsaid and run.settled is None and not await self._store_said(run):
                self._telemetry.emit("job.late_write", job=run.claim.job, write="report")
                run.interrupt(Interruption.LOST)

    async def _store_said(self, run: ActiveRun) -> bool:
        said = run.unsaid.take()
        try:
            ours = said.checkpoint is None or await self._store.checkpoint(run.claim, said.checkpoint)
            if ours and (said.progress is not None or said.log):
                ours = await self._store.report(run.claim, said.progress, said.log)
        except StoreUnavailable:
            run.unsaid.give_back(said)
            raise
        return ours
