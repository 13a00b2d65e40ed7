"""The one thread of a process that writes, many units to a commit."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import apsw

from coatcheck.errors import StoreUnavailable
from coatcheck.failpoints import failpoint
from coatcheck.store.sqlite.failure import REFUSALS, unavailable
from coatcheck.store.sqlite.identity import Identity
from coatcheck.store.sqlite.wal import Checkpoints
from coatcheck.store.sqlite.watch import Watch
from coatcheck.telemetry import Telemetry

T = TypeVar("T")

BATCH = 200
"""Units that one commit may hold."""


class _HalfDone(Exception):
    """A unit raised after it had written."""


class Unit:
    """A function to run inside a transaction, and whom to answer."""

    __slots__ = ("act", "error", "future", "loop", "point", "quiet", "result")

    def __init__(self, act: Callable[[apsw.Connection], Any], point: str | None, *, quiet: bool) -> None:
        self.act = act
        self.point = point
        self.quiet = quiet
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: Exception | None = None

    def answer(self) -> None:
        """Tell the caller, if it still waits. On its own event loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Group commit.

    Whatever waited while the last commit ran shares the next one: no delay is added to make groups. A unit that
    raises fails alone; a commit that fails fails for all in it, and the next one is tried afresh.

    A unit may run twice, its first writes rolled back: savepoints cost every unit a tenth of its time, so they are made
    only once a unit of the batch has raised in the middle of its work.
    """

    def __init__(self, identity: Identity, db: apsw.Connection, watch: Watch, telemetry: Telemetry) -> None:
        self._identity, self._db, self._watch, self._telemetry = identity, db, watch, telemetry
        self._checkpoints = Checkpoints(identity, db, telemetry)
        self._failing = False
        self._waiting: SimpleQueue[Unit | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="coatcheck-sqlite-writer", daemon=True)
        self._thread.start()

    def write(self, act: Callable[[apsw.Connection], T], point: str | None = None, *, quiet: bool = False) -> asyncio.Future[T]:
        """Run `act` in the writer's thread; the future, of the calling event loop, has what it returned once that is committed.

        `point` names the failpoints around the commit. Listeners hear of a true result, unless it is `quiet`: of no
        interest to anybody who waits.
        """
        unit = Unit(act, point, quiet=quiet)
        with self._closing:
            if self._closed:
                raise StoreUnavailable(f"The job store {self._identity.file} is closed.")
            self._waiting.put(unit)
        return unit.future

    def wake(self) -> None:
        """Look at the file soon; somebody began to listen."""
        self._waiting.put(None)

    async def close(self) -> None:
        """Commit what is waiting, then end the thread and the connection."""
        with self._closing:
            self._closed = True
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while units := self._next():
            batch = [unit for unit in units if unit is not None]
            if batch:
                self._commit(batch)
            if self._closed and self._waiting.empty():
                break
            self._look_around()
        self._checkpoints.finish()
        self._db.close()

    def _next(self) -> list[Unit | None]:
        try:
            units = [self._waiting.get(timeout=self._watch.interval)]
        except Empty:
            return [None]
        units += [self._waiting.get_nowait() for _ in range(min(self._waiting.qsize(), BATCH - 1))]
        return units

    def _commit(self, batch: list[Unit]) -> None:
        try:
            try:
                self._transact(batch, self._perform)
            except _HalfDone:
                self._roll_back()
                self._transact(batch, self._perform_apart)
        except Exception as error:  # noqa: BLE001  the callers get it
            self._roll_back()
            for unit in batch:
                unit.result, unit.error = None, self._explained(error)
        _answer(batch)
        if any(unit.result and not unit.quiet for unit in batch):
            self._watch.ring()

    def _transact(self, batch: list[Unit], perform: Callable[[Unit], None]) -> None:
        points = sorted({unit.point for unit in batch if unit.point})
        self._identity.check_whole(self._db)
        self._db.execute("BEGIN IMMEDIATE")
        for unit in batch:
            perform(unit)
        for point in points:
            failpoint(f"{point}.before_commit")
        self._db.execute("COMMIT")
        for point in points:
            failpoint(f"{point}.after_commit")

    def _perform(self, unit: Unit) -> None:
        """Run the unit. One that raises before it has written, as a refusal does, leaves nothing to roll back."""
        written = self._db.total_changes()
        try:
            unit.result, unit.error = unit.act(self._db), None
        except Exception as error:
            if not self._db.in_transaction:  # SQLite gave up the whole transaction
                raise
            if self._db.total_changes() != written:
                raise _HalfDone from error
            unit.error = self._explained(error)

    def _perform_apart(self, unit: Unit) -> None:
        """Run the unit in a savepoint, so that it alone is rolled back should it raise."""
        self._db.execute("SAVEPOINT unit")
        try:
            unit.result, unit.error = unit.act(self._db), None
        except Exception as error:
            if not self._db.in_transaction:
                raise
            self._db.execute("ROLLBACK TO unit")
            unit.error = self._explained(error)
        self._db.execute("RELEASE unit")

    def _explained(self, error: Exception) -> Exception:
        return unavailable(self._identity.file, error) if isinstance(error, REFUSALS) else error

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            with suppress(apsw.Error):
                self._db.execute("ROLLBACK")

    def _look_around(self) -> None:
        try:
            self._checkpoints.run()
            self._watch.look(self._db)
        except Exception as error:  # noqa: BLE001  the next unit's caller will hear of what lasts
            if not self._failing:  # told once: an idle writer looks around two hundred times a second
                self._telemetry.emit("service.failed", service=type(self).__name__, error=self._explained(error))
            self._failing = True
        else:
            self._failing = False


def _answer(batch: Iterable[Unit]) -> None:
    """Wake each event loop once for all of its callers."""
    for loop, units in groupby(batch, key=attrgetter("loop")):
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_answer_all, list(units))


def _answer_all(units: list[Unit]) -> None:
    for unit in units:
        unit.answer()
