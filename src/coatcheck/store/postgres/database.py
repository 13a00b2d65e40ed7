"""The schema, opened: connections for every event loop, and a watch over what changes."""

from collections.abc import Callable

from coatcheck.clock import Clock
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.connections import Connections
from coatcheck.store.postgres.failure import unavailable
from coatcheck.store.postgres.loops import Loops
from coatcheck.store.postgres.migrate import bring_up_to_date
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.watch import Watch
from coatcheck.telemetry import Telemetry


class PostgresDatabase:
    """What all verbs have in common."""

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        self._settings, self._telemetry = settings, telemetry
        self._address = Address.of(settings)
        self._moments = Moments(clock)
        self._opened: tuple[Loops, Watch] | None = None

    async def open(self) -> None:
        if self._opened is None:
            await bring_up_to_date(self._address)
            watch = Watch(self._address, self._telemetry)
            self._opened = Loops(lambda: self._connections(watch)), watch

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            loops, watch = opened
            await loops.close()
            await watch.close()

    def listen(self, hint: Callable[[], None]) -> Callable[[], None]:
        return self._watch.add(hint)

    async def ping(self) -> None:
        row = await self._db.first("ping", {})
        if row is None or not row[0]:
            raise unavailable(self._address, "it is a standby and takes no writes")

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
