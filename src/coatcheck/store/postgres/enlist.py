"""Writing in a transaction of the caller's."""

import sys
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from coatcheck.domain.job import Submission
from coatcheck.errors import ConfigurationError
from coatcheck.store.bounds import bounds
from coatcheck.store.contract import Submitted
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.columns import register
from coatcheck.store.postgres.moment import Moments
from coatcheck.store.postgres.pool import Pool
from coatcheck.store.postgres.room import count
from coatcheck.store.postgres.statement import statement
from coatcheck.store.postgres.stored import Answers, Stored
from coatcheck.store.postgres.submit import columns
from coatcheck.store.postgres.watch import channel
from coatcheck.store.rows import Row

CallersConnection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]

_TAKEN = "pass a psycopg Connection or AsyncConnection, or SQLAlchemy's Connection, AsyncConnection, Session or AsyncSession over psycopg"


class Enlisted:
    """A connection of the caller's. What is done here is part of the transaction there; a blocking connection blocks."""

    def __init__(self, connection: CallersConnection) -> None:
        self.connection = connection

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement; all its rows, whatever the caller has theirs made into. Raises psycopg.Error."""
        if isinstance(self.connection, psycopg.AsyncConnection):
            async with psycopg.AsyncCursor(self.connection, row_factory=tuple_row) as cursor:
                register(cursor)
                await cursor.execute(sql, parameters, binary=True)
                return await cursor.fetchall()
        return fetch_blocking(self.connection, sql, parameters)


def fetch_blocking(db: psycopg.Connection[Any], sql: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Run a statement likewise on a connection that blocks."""
    with psycopg.Cursor(db, row_factory=tuple_row) as cursor:
        register(cursor)
        return cursor.execute(sql, parameters, binary=True).fetchall()


async def enlist(connection: object) -> Enlisted:
    """The driver's connection under what the caller gave. Raises ConfigurationError for anything that cannot be meant."""
    driver = await _driver_connection(connection)
    if not isinstance(driver, psycopg.Connection | psycopg.AsyncConnection):
        found = f"{type(driver).__module__}.{type(driver).__qualname__}"
        below = "" if driver is connection else f" (under the {type(connection).__qualname__})"
        raise ConfigurationError(
            f"connection: a {found}{below} cannot be used here. The jobs are in PostgreSQL; {_TAKEN} (postgresql+psycopg://…)."
        )
    if driver.closed:
        raise ConfigurationError("connection: it is closed; pass an open one.")
    if driver.autocommit and driver.info.transaction_status == TransactionStatus.IDLE:
        raise ConfigurationError(
            "connection: it commits each statement by itself, and no transaction is open there. "
            "Submit inside `with connection.transaction():`, or turn autocommit off."
        )
    if (encoding := driver.info.parameter_status("client_encoding")) != "UTF8":
        raise ConfigurationError(f"connection: its client_encoding is {encoding}, in which not all text can be sent; set it to UTF8.")
    return Enlisted(driver)


async def check_identity(enlisted: Enlisted, requests: Pool, address: Address) -> None:
    """Raise ConfigurationError unless the connection leads to the very tables that ours do."""
    sql = statement("identity", address.schema)
    if await enlisted.fetch(sql, {}) != await requests.fetch(sql, {}):
        info = enlisted.connection.info
        raise ConfigurationError(
            f"connection: it leads to the database {info.dbname!r} at {info.host}:{info.port}, and the jobs are in {address}. "
            "One transaction is in one database: keep your tables there, too."
        )


async def submit_within(enlisted: Enlisted, submission: Submission, address: Address, moments: Moments) -> Submitted:
    """Store a job in the caller's transaction.

    Jobs are counted as that transaction sees them, without the lock that submissions of our own count under: it would be held
    until the caller commits. Who listens is told by the commit itself.
    """
    there = await count(enlisted.fetch, address, moments, [submission], list(bounds(submission)))
    if refused := there.admit(submission):
        raise refused
    rows = await enlisted.fetch(statement("submit", address.schema), columns([submission]) | moments.now())
    submitted = await Answers(enlisted.fetch, address, moments).to(submission, Stored([submission], rows))
    if isinstance(submitted, Exception):
        raise submitted
    await enlisted.fetch(statement("notify", address.schema), {"channel": channel(address.schema)})
    return submitted


async def _driver_connection(connection: object) -> object:
    """Under SQLAlchemy's objects, which begin a transaction here as they would for any statement; else what was given."""
    if "sqlalchemy" not in sys.modules:  # whoever has an object of its classes has imported it
        return connection
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
    from sqlalchemy.orm import Session

    if isinstance(connection, AsyncSession):
        connection = await connection.connection()
    if isinstance(connection, AsyncConnection):
        if not connection.in_transaction():
            _ = await connection.begin()
        return (await connection.get_raw_connection()).driver_connection
    if isinstance(connection, Session):
        connection = connection.connection()
    if isinstance(connection, Connection):
        if not connection.in_transaction():
            connection.begin()
        return connection.connection.driver_connection
    return connection
