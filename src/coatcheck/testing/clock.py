"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import threading
from contextlib import suppress

from coatcheck.clock import BootTime


class FakeClock:
    """A `coatcheck.clock.Clock` under a test's control.

        clock = FakeClock()
        ...
        clock.advance(15)      # every lease of 15 s is over; whoever slept up to here wakes

    The wall clock can jump (`set_wall`) and the host can reboot (`reboot`), one without the other.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._wall = now
        self._monotonic = 1_000.0
        self._boot = BootTime("boot-1", 1_000.0)
        self._boots = 1
        self._changing = threading.Lock()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._slept = 0

    def now(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def boot(self) -> BootTime:
        return self._boot

    async def sleep(self, seconds: float) -> None:
        """Suspend until the clock was advanced that far; for `seconds` of 0 or less, for one turn of the loop."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        if seconds > 0:
            with self._changing:
                self._slept += 1
                heapq.heappush(self._sleepers, (self._monotonic + seconds, self._slept, woken))
        else:
            loop.call_soon(_wake, woken)
        await woken

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on all clocks. From any thread."""
        with self._changing:
            self._wall += seconds
            self._monotonic += seconds
            self._boot = BootTime(self._boot.boot_id, self._boot.seconds + seconds)
            while self._sleepers and self._sleepers[0][0] <= self._monotonic:
                sleeper = heapq.heappop(self._sleepers)[2]
                with suppress(RuntimeError):  # its loop has been closed: nobody sleeps any more
                    sleeper.get_loop().call_soon_threadsafe(_wake, sleeper)

    def set_wall(self, now: float) -> None:
        """Set the wall clock, as an administrator or NTP does; nothing else moves."""
        self._wall = now

    def reboot(self) -> None:
        """Begin another boot of the host: another id, its clock near zero."""
        self._boots += 1
        self._boot = BootTime(f"boot-{self._boots}", 10.0)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():  # it may have been cancelled
        sleeper.set_result(None)
