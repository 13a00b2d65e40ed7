"""Connections that threads share."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from coatcheck.clock import SystemClock
from coatcheck.store.postgres import columns
from coatcheck.store.postgres.address import DEADLINE, Address, drop, stale
from coatcheck.store.postgres.failure import refusals_explained, unavailable
from coatcheck.store.rows import Row

T = TypeVar("T")

PATIENCE = 300.0
"""Seconds to wait for a connection while all are in use: whoever writes a large file keeps one for as long."""
_CLOCK = SystemClock()


class BlockingConnection(psycopg.Connection[Row]):
    """A connection on which each wait for the server ends: with an answer, or with TimeoutError after `DEADLINE` seconds."""

    def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
        """As the driver has it, and no longer than that."""
        return super().wait(_in_time(gen), *arguments, **named)


class BlockingPool:
    """Up to `size` connections, opened by the thread that needs one, in the process that needs it."""

    def __init__(self, address: Address, size: int) -> None:
        self._address, self._size = address, size
        self._free: LifoQueue[BlockingConnection | None] = LifoQueue()
        for _ in range(size):
            self._free.put(None)

    def fetch(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement, which is a transaction of its own; all its rows. Raises StoreUnavailable."""
        with self.connection() as db:
            return self.fetch_on(db, sql, parameters)

    def fetch_on(self, db: BlockingConnection, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Likewise on a connection, inside whatever transaction it is in."""
        with refusals_explained(self._address):
            cursor = db.execute(sql.encode(), parameters, binary=True)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connection(self) -> Iterator[BlockingConnection]:
        """A connection for the block; it is ended, and its transaction undone, unless the block leaves it outside any."""
        db = self._take()
        try:
            if db is not None and stale(db):
                self._end(db)
                db = None
            db = db or self._connect()
            yield db
        finally:
            self._give_back(db)

    def close(self) -> None:
        """Let those who hold a connection finish, for a while, then end all. Idempotent."""
        taken = 0
        try:
            for _ in range(self._size):
                self._end(self._free.get(timeout=DEADLINE))
                taken += 1
        except Empty:  # somebody waits for a server that does not answer
            pass
        for _ in range(taken):
            self._free.put(None)

    def _take(self) -> BlockingConnection | None:
        try:
            return self._free.get(timeout=PATIENCE)
        except Empty:
            raise unavailable(self._address, f"all {self._size} connections for files of this process are in use") from None

    def _connect(self) -> BlockingConnection:
        with refusals_explained(self._address):
            db = BlockingConnection.connect(
                **self._address.parameters, autocommit=True, prepare_threshold=None if self._address.pooled else 0
            )
        columns.register(db)
        return db

    def _give_back(self, db: BlockingConnection | None) -> None:
        if db is not None and db.pgconn.transaction_status != TransactionStatus.IDLE:
            self._end(db)
            db = None
        self._free.put(db)

    def _end(self, db: BlockingConnection | None) -> None:
        if db is not None:
            drop(db)


def _in_time(steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """What the driver asks for step by step; it comes back several times a second while nothing has come."""
    ends = _CLOCK.monotonic() + DEADLINE
    try:
        wanted = next(steps)
        while True:
            came = yield wanted
            if not came and _CLOCK.monotonic() > ends:
                raise TimeoutError
            wanted = steps.send(came)
    except StopIteration as end:
        answer: T = end.value
        return answer
