"""Room for another job: waiting for it, and when to ask again."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from coatcheck.clock import Clock
from coatcheck.errors import NoRoom, QueueFull, TooManyJobs
from coatcheck.feed.hints import Hints
from coatcheck.settings import Settings
from coatcheck.store.insight import Depth, Insight

T = TypeVar("T")

_PACE_KEPT = 5.0
"""Seconds for which a measured pace is taken as read."""
_DEPTHS_KEPT = 1.0
"""Seconds for which counted queues are."""
_SHARE = 20
"""One in so many places of a full queue is to be free before a client comes back: with one alone, it may well find it taken."""
_UNKNOWN = 5.0
"""Seconds to wait where nothing was measured, and nothing declared."""


class _Line:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()  # first come, first served
        self.length = 0


class Room:
    """How much room there is for jobs of all operations together, and who waits for some.

    Who waits for room waits behind those who came before for the same.

    Only the first of a line tries, when the store hints that something changed, or after `poll_interval` seconds. However
    many wait, one asks.
    """

    def __init__(self, insight: Insight, hints: Hints, clock: Clock, settings: Settings) -> None:
        self._insight, self._hints, self._clock, self._poll_interval = insight, hints, clock, settings.poll_interval
        self.max_queued = settings.max_queued or None
        """Jobs that may be queued at once."""
        self.max_in_flight = settings.max_in_flight or None
        """Jobs that one owner may have queued or running at once."""
        self._lines: dict[tuple[asyncio.AbstractEventLoop, str, str], _Line] = {}
        self._paces: dict[str, tuple[float, float]] = {}
        self._depths: tuple[float, Mapping[str, Depth]] = (-math.inf, {})

    async def found(self, attempt: Callable[[], Awaitable[T]], *, operation: str, owner: str, patience: float) -> T:
        """What `attempt` gives once it finds room. Raises NoRoom where there was none for `patience` seconds."""
        if patience <= 0:
            return await attempt()
        ends = asyncio.get_running_loop().time() + patience
        async with self._line(operation, owner) as line:
            refused: NoRoom = QueueFull(f"{line.length - 1} others wait for room already. Nothing was accepted; try again later.")
            if not line.turn.locked():  # nobody is waiting
                try:
                    return await attempt()
                except NoRoom as error:
                    refused = error
            try:
                async with asyncio.timeout_at(ends):
                    await line.turn.acquire()
            except TimeoutError:
                raise _in_vain(refused, patience) from None
            try:
                return await self._in_turn(attempt, ends, patience)
            finally:
                line.turn.release()

    async def retry_after(self, operation: str, refused: NoRoom, typical: float | None) -> float:
        """Seconds until there may be room, from how fast jobs complete, or else from how long a run usually takes.

        Between a second and a minute, and up to twice as long, so that not all who were turned away come back at once.
        """
        depth = (await self._counted()).get(operation, Depth())
        pace = await self._pace(operation) or (max(1, depth.running) / typical if typical else 0.0)
        if not pace:
            seconds = _UNKNOWN
        elif isinstance(refused, TooManyJobs):  # theirs stand among all others: all are through in that time, one of theirs sooner
            seconds = (depth.queued + depth.running) / pace / refused.limit
        else:
            seconds = max(1, refused.limit // _SHARE) / pace
        return min(60.0, max(1.0, seconds)) * random.uniform(1.0, 2.0)  # noqa: S311  no secret

    @asynccontextmanager
    async def _line(self, operation: str, owner: str) -> AsyncIterator[_Line]:
        key = (asyncio.get_running_loop(), operation, owner)
        line = self._lines.setdefault(key, _Line())
        line.length += 1
        try:
            yield line
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[key]

    async def _in_turn(self, attempt: Callable[[], Awaitable[T]], ends: float, patience: float) -> T:
        time = asyncio.get_running_loop().time
        with self._hints.bell() as bell:
            while True:
                try:
                    return await attempt()
                except NoRoom as error:
                    if (left := ends - time()) <= 0:
                        raise _in_vain(error, patience) from None
                await bell.rung(min(left, self._poll_interval))

    async def _pace(self, operation: str) -> float:
        read_at, pace = self._paces.get(operation, (-math.inf, 0.0))
        if self._clock.monotonic() - read_at > _PACE_KEPT:
            pace = await self._insight.drained(operation)
            self._paces[operation] = (self._clock.monotonic(), pace)
        return pace

    async def _counted(self) -> Mapping[str, Depth]:
        read_at, depths = self._depths
        if self._clock.monotonic() - read_at > _DEPTHS_KEPT:
            depths = await self._insight.depths()
            self._depths = (self._clock.monotonic(), depths)
        return depths


def _in_vain(refused: NoRoom, seconds: float) -> NoRoom:
    said = f"{refused.detail} There was no room within {seconds:g} seconds."
    return type(refused)(said, limit=refused.limit, operation=refused.operation)
