"""Sleeping until somebody, in any thread, says that there may be something to do."""

import asyncio
from contextlib import suppress


class Bell:
    """Wakes one task of the event loop it was made on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._rung = False

    def ring(self) -> None:
        """Wake the sleeper, or keep it from falling asleep. From any thread; rings before it looks are one."""
        if not self._rung:
            self._rung = True
            with suppress(RuntimeError):  # its loop has just been closed: nobody sleeps any more
                self._loop.call_soon_threadsafe(self._event.set)

    async def rung(self, timeout: float) -> None:
        """Return once rung, or after `timeout` seconds: look in either case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._event.wait()
        self._rung = False  # before the look, so that a ring during it is not lost
        self._event.clear()
