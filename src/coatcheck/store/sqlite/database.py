"""The file, opened: one writer, and readers where they are needed."""

import asyncio
from collections.abc import Callable

from coatcheck.clock import Clock
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.sqlite.identity import Identity
from coatcheck.store.sqlite.location import sqlite_file
from coatcheck.store.sqlite.migrate import claim_file, open_database
from coatcheck.store.sqlite.readers import Readers
from coatcheck.store.sqlite.watch import Watch
from coatcheck.store.sqlite.writer import Writer
from coatcheck.telemetry import Telemetry


class SQLiteDatabase:
    """What all verbs have in common. Writes go to the one writer thread; reads run on the caller's own."""

    def __init__(self, settings: Settings, clock: Clock, telemetry: Telemetry) -> None:
        self._settings, self._clock, self._telemetry = settings, clock, telemetry
        self._file = sqlite_file(settings.store)
        self._watch = Watch(telemetry)
        self._opened: tuple[Writer, Readers] | None = None

    async def open(self) -> None:
        if self._opened is not None:
            return
        db = await asyncio.to_thread(open_database, self._file, self._settings.durability)
        identity = Identity(self._file)
        self._opened = Writer(identity, db, self._watch, self._telemetry), Readers(identity, self._settings.durability)

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            writer, readers = opened
            await writer.close()
            readers.close()

    def listen(self, hint: Callable[[], None]) -> Callable[[], None]:
        stop = self._watch.add(hint)
        if self._opened is not None:
            self._writer.wake()
        return stop

    async def ping(self) -> None:
        await self._writer.write(claim_file, quiet=True)

    @property
    def _writer(self) -> Writer:
        return self._need()[0]

    @property
    def _readers(self) -> Readers:
        return self._need()[1]

    def _need(self) -> tuple[Writer, Readers]:
        if self._opened is None:
            raise StoreUnavailable(f"The job store {self._file} is not open.")
        return self._opened
