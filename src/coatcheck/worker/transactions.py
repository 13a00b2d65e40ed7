"""What functions do by `job.transaction`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from coatcheck.clock import Clock
from coatcheck.domain.result import Result
from coatcheck.errors import Cancelled, StoreUnavailable
from coatcheck.run import Transacted
from coatcheck.store.contract import Store
from coatcheck.store.undone import Undone
from coatcheck.worker import conclude
from coatcheck.worker.landed import landed
from coatcheck.worker.reporter import Reporter
from coatcheck.worker.run import ActiveRun, Interruption

STORE_PAUSE = 0.5
"""Seconds between tries to end a run while the store cannot be reached."""


class Transactions:
    """Those of one worker's runs, carried out on its event loop."""

    def __init__(self, *, store: Store, reporter: Reporter, clock: Clock) -> None:
        self._store, self._reporter, self._clock = store, reporter, clock
        self._loop = asyncio.get_running_loop()

    def begin(self, run: ActiveRun, apply: Callable[[Any], Any]) -> Future[Transacted]:
        """Run `apply(connection)` and complete the job with what it returns. From any thread."""
        return asyncio.run_coroutine_threadsafe(self._transact(run, apply), self._loop)

    async def _transact(self, run: ActiveRun, apply: Callable[[Any], Any]) -> Transacted:
        if run.completing:
            return Transacted(error=RuntimeError("job.transaction() completes the job, so there is one: do all that must happen in it."))
        run.completing = True
        try:
            value = await self._completed(run, apply)
        except Undone as undone:
            return Transacted(error=undone.error)
        except Exception as error:  # noqa: BLE001  the function gets it
            return Transacted(error=error)
        finally:
            run.completing = run.settled is not None
        if run.settled is not None:
            return Transacted(value)
        if not run.interrupted:
            run.interrupt(Interruption.LOST)
        return Transacted(error=Cancelled())

    async def _completed(self, run: ActiveRun, apply: Callable[[Any], Any]) -> Any:
        """What `apply` returned; `run.settled` is what became of the job."""
        returned: list[Any] = []

        def effects(connection: Any) -> Result:
            returned[:] = [apply(connection)]
            return conclude.stored(returned[0])

        await self._settle(run, effects)
        return returned[0] if returned else None

    async def _settle(self, run: ActiveRun, effects: Callable[[Any], Result]) -> None:
        """Try until the store has answered, or the run must end. The fence lets one of the tries through, be it one of no answer."""
        unanswered = False
        while not (unanswered and run.interrupted):
            try:
                await self._reporter.flush(run)  # what was said before the end comes before it
                async with run.flushing:
                    run.settled = await self._store.complete(run.claim, effects)
                    if run.settled is None and unanswered:
                        run.settled = await landed(self._store, run.claim)
            except StoreUnavailable:
                unanswered = True
                await self._clock.sleep(STORE_PAUSE)
            else:
                return
