"""Deadlines of runs, and of their endings."""

from collections.abc import Callable, Iterable

from coatcheck.clock import Clock
from coatcheck.service import Service
from coatcheck.telemetry import Telemetry
from coatcheck.worker.run import ActiveRun, Interruption

WATCH_INTERVAL = 0.1
KILL_MARGIN = 5.0
"""Seconds past the grace that a killed process has to be gone; only one that waits for a device in the kernel has not."""


class Watchdog(Service):
    """Interrupts runs at their deadline, and tells of those that go on past the grace all the same."""

    def __init__(
        self,
        *,
        runs: Callable[[], Iterable[ActiveRun]],
        overran: Callable[[ActiveRun], None],
        grace: float,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        super().__init__(interval=WATCH_INTERVAL, telemetry=telemetry)
        self._runs, self._overran, self._grace, self._clock = runs, overran, grace, clock

    async def turn(self) -> None:
        now = self._clock.monotonic()
        for run in [run for run in self._runs() if not run.ended]:
            if run.interruption is None:
                if run.ends_at is not None and now >= run.ends_at:
                    run.interrupt(Interruption.TIMED_OUT)
                continue
            waited, patience = now - run.interrupted_at, self._grace
            if run.process is not None:
                run.process.press(waited, patience)
                patience += KILL_MARGIN
            if waited >= patience and not run.overrun:
                run.overrun = True
                self._overran(run)
