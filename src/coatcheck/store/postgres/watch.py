"""Noticing that something may have changed, and telling others."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex

from coatcheck.bell import Bell
from coatcheck.errors import StoreUnavailable
from coatcheck.store.postgres.address import Address, drop
from coatcheck.store.postgres.failure import REFUSALS, refusals_explained
from coatcheck.telemetry import Telemetry

TOGETHER = 0.005
"""Seconds for which changes are gathered into one notification: each takes a lock that all commits of the server share."""
RECONNECT = 1.0
"""Seconds between attempts to listen again."""
_NEVER = 3600.0


def channel(schema: str) -> str:
    """The channel of notifications for the jobs in `schema`."""
    return f"coatcheck:{schema}"


class Watch:
    """Passes hints on to listeners: of this process's commits at once, of others' by LISTEN and NOTIFY.

    A thread with an event loop of its own does both, on a connection each, from the first need on. A hint is given after every
    (re)connection, too, since nobody knows what was missed. Behind a pooler there is no session to listen in, and no thread.
    """

    def __init__(self, address: Address, telemetry: Telemetry) -> None:
        self._address, self._telemetry = address, telemetry
        self._channel = channel(address.schema)
        self._own = token_hex(8)
        self._changing = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._line: _Line | None = None
        self._closed = False

    def add(self, hint: Callable[[], None]) -> Callable[[], None]:
        """Call `hint` from now on; returns how to stop it."""
        with self._changing:
            self._listeners = (*self._listeners, hint)
        self._need_line()

        def stop() -> None:
            with self._changing:
                self._listeners = tuple(listener for listener in self._listeners if listener is not hint)

        return stop

    def ring(self) -> None:
        """Tell every listener of this process, and soon those of others."""
        self._tell()
        if line := self._need_line():
            line.ring()

    async def close(self) -> None:
        """End the thread. Idempotent."""
        with self._changing:
            self._closed = True
            line, self._line = self._line, None
        if line is not None:
            await asyncio.to_thread(line.close)

    def _need_line(self) -> "_Line | None":
        if self._line is None and not self._address.pooled:
            self._connect_line()
        return self._line

    def _connect_line(self) -> None:
        with self._changing:
            if self._line is None and not self._closed:
                self._line = _Line(self._address, self._channel, self._own, self._tell, self._failed)

    def _tell(self) -> None:
        for hint in self._listeners:
            try:
                hint()
            except Exception as error:  # noqa: BLE001  a listener must not end what goes on here
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._telemetry.emit("service.failed", service=type(self).__name__, error=error)


class _Line:
    """The thread, and its two connections."""

    def __init__(self, address: Address, channel: str, own: str, heard: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self._address, self._channel, self._own, self._heard, self._failed = address, channel, own, heard, failed
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)), name="coatcheck-postgres-watch", daemon=True)
        self._thread.start()
        ready.wait()

    def ring(self) -> None:
        self._bell.ring()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _main(self, ready: threading.Event) -> None:
        self._loop, self._bell, self._over = asyncio.get_running_loop(), Bell(), asyncio.Event()
        ready.set()
        tasks = [asyncio.create_task(work) for work in (self._listen(), self._notify())]
        await self._over.wait()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _listen(self) -> None:
        told = False
        while True:
            try:
                with refusals_explained(self._address):
                    await self._hear()
            except StoreUnavailable as error:
                if not told:  # told once for each time it is lost
                    self._failed(error)
                told = True
            else:
                told = False
            await _pause(RECONNECT)

    async def _hear(self) -> None:
        db = await self._address.connect()
        try:
            await db.execute(f'LISTEN "{self._channel}"')
            self._heard()
            async for said in db.notifies():
                if said.payload != self._own:
                    self._heard()
        finally:
            drop(db)

    async def _notify(self) -> None:
        while True:
            with suppress(*REFUSALS):  # whoever listens has lost its connection, too, and looks by itself
                await self._say()
            await _pause(RECONNECT)
            self._bell.ring()  # for what could not be said

    async def _say(self) -> None:
        db = await self._address.connect()
        try:
            while True:
                await self._bell.rung(_NEVER)
                await db.execute("SELECT pg_notify(%s, %s)", [self._channel, self._own])
                await _pause(TOGETHER)
        finally:
            drop(db)


async def _pause(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
