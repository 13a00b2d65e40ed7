"""The schema, opened: connections for every event loop, and a watch over what changes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from coatcheck.clock import Clock
from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.postgres.failure import READ_ONLY, unavailable
from coatcheck.store.postgres.loops import Loops
from coatcheck.store.postgres.migrate import bring_up_to_date
from coatcheck.store.postgres.moment import TOLERATED, Moments, apart
from coatcheck.store.postgres.pool import PAUSE
from coatcheck.store.postgres.watch import Watch
from coatcheck.telemetry import Telemetry


class PostgresDatabase:
    """What all verbs have in common."""

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        self._settings, self._telemetry = settings, telemetry
        self._address = Address.of(settings)
        self._clock, self._moments = clock, Moments(clock)
        self._clocks_agree = True
        self._opened: tuple[Loops, Watch] | None = None
        self._late: asyncio.Task[None] | None = None
        """Brings the schema up to date once the server can be reached."""

    async def open(self) -> None:
        if self._opened is None:
            try:
                await bring_up_to_date(self._address)
            except StoreUnavailable:
                if not self._settings.await_server:
                    raise
                self._late = asyncio.create_task(self._bring_up_to_date_later(), name="coatcheck-await-server")
            watch = Watch(self._address, self._telemetry)
            self._opened = Loops(lambda: self._connections(watch)), watch
            with suppress(StoreUnavailable):  # then it is looked at later
                await self._look()

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        late, self._late = self._late, None
        if late is not None:
            late.cancel()
            await asyncio.wait([late])
        if opened is not None:
            loops, watch = opened
            await loops.close()
            await watch.close()

    def listen(self, hint: Callable[[], None]) -> Callable[[], None]:
        return self._watch.add(hint)

    async def ping(self) -> None:
        if not await self._look():
            raise unavailable(self._address, READ_ONLY)

    async def _look(self) -> bool:
        """Whether the server can be written; tells of it, once, where its clock and ours differ."""
        before = self._clock.now()
        row = await self._db.first("ping", {})
        if row is None:
            return False
        seconds = apart(row[1], before, self._clock.now())
        agreed, self._clocks_agree = self._clocks_agree, abs(seconds) <= TOLERATED
        if agreed and not self._clocks_agree:
            self._telemetry.emit("store.clock_differs", seconds=round(seconds, 1), store=str(self._address))
        return bool(row[0])

    async def _bring_up_to_date_later(self) -> None:
        while True:
            try:
                return await bring_up_to_date(self._address)
            except StoreUnavailable:
                await self._clock.sleep(PAUSE)
            except ConfigurationError as error:
                self._telemetry.emit("service.failed", service="await_server", error=error)
                return None

    @property
    def _db(self) -> Connections:
        return self._need()[0].mine()

    @property
    def _watch(self) -> Watch:
        return self._need()[1]

    def _need(self) -> tuple[Loops, Watch]:
        if self._opened is None:
            raise StoreUnavailable(f"The job store {self._address} is not open.")
        return self._opened

    def _connections(self, watch: Watch) -> Connections:
        return Connections(self._address, self._settings.connections, self._moments, watch)
