"""The connections of each event loop."""

import asyncio
import threading
from collections.abc import Callable

from coatcheck.store.postgres.address import DEADLINE
from coatcheck.store.postgres.connections import Connections


class Loops:
    """Those of every event loop that uses a store: a connection cannot leave the loop it was opened on."""

    def __init__(self, make: Callable[[], Connections]) -> None:
        self._make = make
        self._all: dict[asyncio.AbstractEventLoop, Connections] = {}
        self._changing = threading.Lock()

    def mine(self) -> Connections:
        """Those of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._all.get(loop)
        if found is None:
            with self._changing:
                self._forget_ended()
                found = self._all[loop] = self._make()
        return found

    async def close(self) -> None:
        """Close those of all loops, each on its own."""
        with self._changing:
            everything, self._all = self._all, {}
        for loop, connections in everything.items():
            if loop is asyncio.get_running_loop():
                await connections.close()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(connections.close(), loop)
                await asyncio.wait([asyncio.wrap_future(closing)], timeout=DEADLINE)  # a loop that is blocked never gets to it
            else:
                connections.abandon()

    def _forget_ended(self) -> None:
        for loop in [loop for loop in self._all if loop.is_closed()]:
            self._all.pop(loop).abandon()
