"""Connections of one event loop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from psycopg.pq import TransactionStatus

from coatcheck.errors import StoreUnavailable
from coatcheck.store.postgres.address import DEADLINE, Address, Connection, cut, drop, stale
from coatcheck.store.postgres.failure import refusals_explained, unavailable
from coatcheck.store.rows import Row

PATIENCE = 4.0
"""Seconds to wait for a connection while all are in use."""
PAUSE = 0.25
"""Seconds for which nobody tries to connect after it failed, so that all are refused at once while the server is away."""


class Pool:
    """Up to `size` connections, opened when they are needed and opened anew when they were lost.

    Every call ends: with an answer, or with StoreUnavailable `DEADLINE` seconds after it began.
    """

    def __init__(self, address: Address, size: int) -> None:
        self._address = address
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._idle: list[Connection] = []
        self._used: set[Connection] = set()
        self._refused_until = 0.0
        self._closed = False

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement, which is a transaction of its own; all its rows. Raises StoreUnavailable."""
        async with self.connection() as db:
            return await fetch(db, sql, parameters)

    async def fetch_alone(self, lock: str, scopes: Mapping[str, Any], sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Likewise, once the statement `lock` has what it asks for: what it locks is free again when the transaction has ended."""
        async with self.connection() as db, db.transaction():
            await fetch(db, lock, scopes)
            return await fetch(db, sql, parameters)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the block, which it must leave outside any transaction. Raises StoreUnavailable."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + DEADLINE
        await self._wait_for_one()
        try:
            with refusals_explained(self._address):
                db = self._reusable() or await self._connect(ends)
                self._used.add(db)
                alarm = loop.call_at(ends, cut, db)
                try:
                    yield db
                finally:
                    alarm.cancel()
                    self._take_back(db)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Let those who hold a connection finish, then end all. Idempotent."""
        self._closed = True
        for _ in range(self._size):
            await self._free.acquire()
        self.abandon()
        for _ in range(self._size):
            self._free.release()

    def abandon(self) -> None:
        """End all connections at once, as when their event loop is no more."""
        self._closed = True
        for db in (*self._idle, *self._used):
            drop(db)
        self._idle.clear()

    async def _wait_for_one(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise unavailable(self._address, f"all {self._size} connections of this process are in use") from None
        if self._closed:
            self._free.release()
            raise StoreUnavailable(f"The job store {self._address} is closed.")

    def _reusable(self) -> Connection | None:
        while self._idle:
            db = self._idle.pop()
            if not stale(db):
                return db
            drop(db)
        return None

    async def _connect(self, ends: float) -> Connection:
        time = asyncio.get_running_loop().time
        if time() < self._refused_until:
            raise unavailable(self._address, "it could not be reached a moment ago")
        try:
            async with asyncio.timeout_at(ends):
                return await self._address.connect()
        except Exception:
            self._refused_until = time() + PAUSE
            raise

    def _take_back(self, db: Connection) -> None:
        self._used.discard(db)
        if db.pgconn.transaction_status == TransactionStatus.IDLE and not self._closed:
            self._idle.append(db)
        else:
            drop(db)


async def fetch(db: Connection, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Run a statement on a connection; all its rows."""
    cursor = await db.execute(sql, parameters, binary=True)
    rows: list[Row] = await cursor.fetchall()
    return rows
