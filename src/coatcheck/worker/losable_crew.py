"""Running requests that have no job."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, NoReturn

from coatcheck.settings import Settings
from coatcheck.telemetry import Telemetry
from coatcheck.worker.ended import Ended
from coatcheck.worker.event_loop import LoopThread
from coatcheck.worker.hop import Hop
from coatcheck.worker.isolation.processes import Processes
from coatcheck.worker.losable_run import LosableRequest, LosableRun, dropped
from coatcheck.worker.run import ActiveRun, Interruption
from coatcheck.worker.runners import LAST_WORDS, Runners
from coatcheck.worker.watchdog import Watchdog
from coatcheck.worker.workshop import Workshop


class Crew:
    """Runs what `following` gives, `concurrency` at a time, overseen from a thread that no function runs in."""

    def __init__(self, following: Callable[[], LosableRun | None], workshop: Workshop, settings: Settings, telemetry: Telemetry) -> None:
        self._following, self._workshop, self._settings, self._telemetry = following, workshop, settings, telemetry
        self._thread = LoopThread("coatcheck-losable")
        self._looks: Hop[None] = Hop(self._thread.loop, self._fill)
        self._runs: dict[str, LosableRun] = {}
        self._stopped: list[LosableRequest] = []
        self._idle = asyncio.Event()
        self._over = False

    async def start(self) -> None:
        """Open the resources. Raises what they raise."""
        self._thread.start()
        try:
            await self._thread.run(self._start())
        except BaseException:
            await self._thread.stop(LAST_WORDS)
            raise

    async def stop(self) -> list[LosableRequest]:
        """Run what there is, for the grace at most. What was stopped in the middle then."""
        await self._thread.run(self._stop())
        await self._thread.stop(LAST_WORDS)
        return self._stopped

    def look(self) -> None:
        """There may be something to run. From any thread."""
        self._looks.post(None)

    async def _start(self) -> None:
        loop, clock = asyncio.get_running_loop(), self._workshop.clock
        none = Processes(operations=(), home=_nowhere, trust=0.0, ended=self._ended, telemetry=self._telemetry)
        self._runners = Runners(workshop=self._workshop, processes=none, ended=Hop(loop, self._ended), returned=dropped)
        self._watchdog = Watchdog(
            runs=self._runs.values, overran=self._overran, grace=self._settings.grace, clock=clock, telemetry=self._telemetry
        )
        await self._runners.start()
        await self._watchdog.start()

    async def _stop(self) -> None:
        for run in self._runs.values():
            run.stop_soon()
        await self._quiet(self._settings.grace)
        self._over = True
        for run in self._runs.values():
            run.interrupt(Interruption.STOPPED)
        await self._quiet(LAST_WORDS)
        self._stopped += [run.request for run in self._runs.values() if not run.abandoned]
        await self._watchdog.stop()
        await self._runners.stop()

    async def _quiet(self, patience: float) -> None:
        """Wait until nothing runs but what ignores its deadline."""
        self._idle.clear()
        self._fill(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._idle.wait()

    def _fill(self, _: None) -> None:
        while not self._over and len(self._runs) < self._settings.concurrency and (run := self._following()):
            self._runs[run.job_id] = run
            self._runners.begin([run])
        if all(run.overrun for run in self._runs.values()):
            self._idle.set()

    def _ended(self, ended: Ended) -> None:
        run = self._runs.pop(ended.run.job_id)
        run.ended = True
        if not run.abandoned and not run.tell(ended):
            self._stopped.append(run.request)
        self._fill(None)

    def _overran(self, overrun: ActiveRun) -> None:
        run = self._runs[overrun.job_id]
        run.abandoned = True
        run.tell_overrun()
        self._fill(None)


def _nowhere(_: Collection[Any]) -> NoReturn:
    raise AssertionError("no operation with durable=False is isolated")
