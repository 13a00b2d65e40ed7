"""Handling a message once, however often it comes.

A sender that got no answer sends again, so every message may come twice, even at the same time. The inbox is a table beside
your own: that a message was taken is written in the transaction in which it is handled, and holds exactly if that does.

    inbox = Inbox()

    with db.transaction():
        if inbox.take(db, message):
            db.execute("UPDATE orders SET invoiced = true WHERE job = %s", [message.job.job_id])
"""

from typing import Any, NamedTuple, Protocol

from coatcheck.errors import ConfigurationError

KEPT = 30 * 86400.0
"""Seconds for which a message is remembered unless `prune` is told otherwise: ten times as long as a sender goes on trying."""


class Identified(Protocol):
    """What has the id that all deliveries of one message share, such as `coatcheck.client.webhooks.Message`."""

    @property
    def id(self) -> str: ...


class _Dialect(NamedTuple):
    create: str
    take: str
    prune: str


_SQLITE = _Dialect(
    create="CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, taken_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) WITHOUT ROWID",
    take="INSERT INTO {table} (id) VALUES (?) ON CONFLICT DO NOTHING RETURNING id",
    prune="DELETE FROM {table} WHERE taken_at < datetime('now', '-' || ? || ' seconds') RETURNING id",
)
_POSTGRESQL = _Dialect(
    # One statement, so that two programs that start at the same time do not both make the table, in a transaction or not.
    create="DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('coatcheck {table}')); IF to_regclass('{table}') IS NULL THEN "
    "CREATE TABLE {table} (id text PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now()); END IF; END $$",
    take="INSERT INTO {table} (id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
    prune="DELETE FROM {table} WHERE taken_at < now() - %s * interval '1 second' RETURNING id",
)


class Inbox:
    """The messages that were taken, by connections that block: of sqlite3, apsw, psycopg, or any DB-API 2.0 driver of PostgreSQL.

    `table` is the name of its table.
    """

    def __init__(self, table: str = "coatcheck_inbox") -> None:
        self._table = _checked(table)

    def create(self, connection: Any) -> None:
        """Make the table unless it is there: when the receiver starts, or once by whoever may."""
        _run(connection, _dialect(connection).create.format(table=self._table))

    def take(self, connection: Any, message: Identified) -> bool:
        """Whether the message is to be handled now: True once, in the transaction that is open on the connection.

        If that is not committed, the message was not taken. Where another transaction has taken it and is not over, this waits
        for its end; on SQLite, where it writes, for as long as the connection has patience. Call it first in the transaction.

        Raises ConfigurationError where none is open: it would be committed before the message is handled.
        """
        _require_transaction(connection)
        return bool(_run(connection, _dialect(connection).take.format(table=self._table), message.id))

    def prune(self, connection: Any, older_than: float = KEPT) -> int:
        """Forget messages that were taken more than `older_than` seconds ago; how many they were."""
        return len(_run(connection, _dialect(connection).prune.format(table=self._table), int(older_than)))


class AsyncInbox:
    """As `Inbox`, by connections that are awaited: psycopg's `AsyncConnection`."""

    def __init__(self, table: str = "coatcheck_inbox") -> None:
        self._table = _checked(table)

    async def create(self, connection: Any) -> None:
        """As `Inbox.create`."""
        await _run_async(connection, _dialect(connection).create.format(table=self._table))

    async def take(self, connection: Any, message: Identified) -> bool:
        """As `Inbox.take`."""
        _require_transaction(connection)
        return bool(await _run_async(connection, _dialect(connection).take.format(table=self._table), message.id))

    async def prune(self, connection: Any, older_than: float = KEPT) -> int:
        """As `Inbox.prune`."""
        return len(await _run_async(connection, _dialect(connection).prune.format(table=self._table), int(older_than)))


def _run(connection: Any, sql: str, *parameters: object) -> list[Any]:
    """Run one statement; its rows."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if _has_rows(sql) else []
    finally:
        cursor.close()


async def _run_async(connection: Any, sql: str, *parameters: object) -> list[Any]:
    async with connection.cursor() as cursor:
        await cursor.execute(sql, parameters)
        return list(await cursor.fetchall()) if _has_rows(sql) else []


def _has_rows(sql: str) -> bool:
    return "RETURNING" in sql


def _driver(connection: Any) -> str | None:
    """Which of SQLite's drivers the connection is of, be its class one that extends the driver's; None: another's."""
    packages = {kind.__module__.partition(".")[0] for kind in type(connection).__mro__}
    return next((driver for driver in ("apsw", "sqlite3") if driver in packages), None)


def _dialect(connection: Any) -> _Dialect:
    return _SQLITE if _driver(connection) else _POSTGRESQL


def _require_transaction(connection: Any) -> None:
    match _driver(connection):
        case "apsw":
            commits_alone = True
        case "sqlite3":
            commits_alone = connection.isolation_level is None or getattr(connection, "autocommit", None) is True
        case _:
            commits_alone = getattr(connection, "autocommit", False)
    if commits_alone and not _in_transaction(connection):
        raise ConfigurationError(
            "No transaction is open on this connection, and it commits each statement by itself: begin one, take the message there, and "
            "handle it before you commit."
        )


def _in_transaction(connection: Any) -> bool:
    """Whether a transaction is open where statements are committed one by one otherwise: psycopg tells by its own `info`."""
    if (info := getattr(connection, "info", None)) is not None:
        return int(info.transaction_status) != 0
    return bool(getattr(connection, "in_transaction", False))


def _checked(table: str) -> str:
    if not (table.isascii() and table.isidentifier()):
        raise ConfigurationError(f"table={table!r}: a name has letters, digits and underscores.")
    return table
