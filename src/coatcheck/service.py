"""One implementation for everything that goes on in the background: started once, stopped once, both idempotent.

A `Service` repeats `turn()` in a task of its own; tests call `turn()` directly and wait for no interval.
"""

import asyncio
from abc import ABC, abstractmethod

from coatcheck.bell import Bell
from coatcheck.telemetry import Telemetry


class Service(ABC):
    """A background loop of single turns.

    `interval` is the number of seconds between turns; a ring of `bell` begins the next one at once. A turn that raises
    is told as `service.failed` and the loop goes on.
    """

    def __init__(self, *, interval: float, telemetry: Telemetry) -> None:
        self._interval = interval
        self._telemetry = telemetry
        self._task: asyncio.Task[None] | None = None
        self.bell: Bell | None = None
        """Rung, from any thread, when there may be something to do; None while stopped."""

    @abstractmethod
    async def turn(self) -> None:
        """Do what there is to do now, once."""

    async def start(self) -> None:
        """Begin to turn. A second call does nothing."""
        if self._task is None:
            self.bell = Bell()
            self._task = asyncio.create_task(self._run(self.bell), name=type(self).__name__)

    async def stop(self) -> None:
        """End once the turn under way is finished. A second call does nothing."""
        task, bell, self._task, self.bell = self._task, self.bell, None, None
        if task is not None and bell is not None:
            bell.ring()
            await asyncio.wait([task])  # unlike awaiting it, this leaves the turn alone when the caller is cancelled

    async def _run(self, bell: Bell) -> None:
        while self.bell is bell:
            try:
                await self.turn()
            except Exception as error:  # noqa: BLE001  whatever it was, the next turn may do better
                self._telemetry.emit("service.failed", service=type(self).__name__, error=error)
            await bell.rung(self._interval)
