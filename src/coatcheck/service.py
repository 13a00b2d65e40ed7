"""One implementation for everything that goes on in the background: started once, stopped once, both idempotent.

A `Service` repeats `turn()` in a task of its own; tests call `turn()` directly and wait for no interval.
"""

import asyncio
from abc import ABC, abstractmethod

from coatcheck.bell import Bell
from coatcheck.telemetry import Telemetry

AGAIN = 60.0
"""Seconds after which a failure that goes on is told again."""
_NOTHING: tuple[type[Exception] | None, float] = (None, 0.0)


class Service(ABC):
    """A background loop of single turns.

    `interval` is the number of seconds between turns; a ring of `bell` begins the next one at once. A turn that raises
    is told as `service.failed` and the loop goes on. Where turn after turn raises the same kind of error, that is told once in
    `AGAIN` seconds; and the first turn after them that does not, as `service.recovered`.
    """

    def __init__(self, *, interval: float, telemetry: Telemetry) -> None:
        self._interval = interval
        self._telemetry = telemetry
        self._task: asyncio.Task[None] | None = None
        self._told = _NOTHING
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
                self._failed(error)
            else:
                self._succeeded()
            await bell.rung(self._interval)

    def _failed(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        kind, told_at = self._told
        if kind is not type(error) or now - told_at >= AGAIN:
            self._telemetry.emit("service.failed", service=type(self).__name__, error=error)
            self._told = type(error), now

    def _succeeded(self) -> None:
        if self._told is not _NOTHING:
            self._telemetry.emit("service.recovered", service=type(self).__name__)
            self._told = _NOTHING
