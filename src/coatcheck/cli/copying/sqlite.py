"""The rows of a SQLite store."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import apsw

from coatcheck.cli.copying.tables import COLUMNS, Tables
from coatcheck.clock import SystemClock
from coatcheck.settings import Settings
from coatcheck.store.rows import Row
from coatcheck.store.sqlite.connection import connect
from coatcheck.store.sqlite.failure import refusals_explained
from coatcheck.store.sqlite.location import sqlite_file


@contextmanager
def sqlite_tables(settings: Settings) -> Iterator[Tables]:
    """See `tables_of`."""
    file = sqlite_file(settings.store)
    with refusals_explained(file):
        db = connect(file, settings.durability)
        try:
            db.execute("BEGIN IMMEDIATE")
            yield SQLiteTables(db)
            db.execute("COMMIT")
        finally:
            db.close()  # what was not committed is undone


class SQLiteTables:
    """`coatcheck.cli.copying.tables.Tables`, of a file."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def held(self) -> int:
        boot = SystemClock().boot()
        return int(
            self._db.execute(
                "SELECT count(*) FROM jobs WHERE status = 'running' AND lease_boot = ? AND lease_until > ?", (boot.boot_id, boot.seconds)
            ).get
        )

    def count(self, table: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table}").get)  # noqa: S608  our own name

    def statuses(self) -> dict[str, int]:
        counted = self._db.execute("SELECT status, count(*) FROM jobs GROUP BY status ORDER BY status")
        return {str(status): int(number) for status, number in counted}

    def rows(self, table: str) -> Iterator[Row]:
        return self._db.execute(f"SELECT {', '.join(COLUMNS[table])} FROM {table}")  # noqa: S608  our own names

    def add(self, table: str, rows: Iterable[Row]) -> None:
        places = ", ".join("?" * len(COLUMNS[table]))
        self._db.executemany(f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) VALUES ({places})", rows)  # noqa: S608  our own names

    def finish(self) -> None:
        self._db.execute("UPDATE jobs SET lease_boot = '', lease_until = 0 WHERE status = 'running'")
