"""The rows of a PostgreSQL store."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from coatcheck.cli.copying.tables import COLUMNS, Tables
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.statement import quoted
from coatcheck.store.rows import Row

# Whoever changes a job or a delivery locks its row first, which this lock forbids; reading goes on.
_ALONE = """SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL enable_seqscan = on;
    LOCK TABLE {schema}.jobs, {schema}.deliveries IN EXCLUSIVE MODE"""


@contextmanager
def postgres_tables(settings: Settings) -> Iterator[Tables]:
    """See `tables_of`."""
    address = Address.of(settings)
    with refusals_explained(address), psycopg.connect(**address.parameters, prepare_threshold=None) as db:
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        db.execute(_ALONE.format(schema=quoted(address.schema)).encode())
        yield PostgresTables(db, quoted(address.schema))


class PostgresTables:
    """`coatcheck.cli.copying.tables.Tables`, of a schema."""

    def __init__(self, db: psycopg.Connection[Row], schema: str) -> None:
        self._db, self._schema = db, schema

    def held(self) -> int:
        running = "SELECT count(*) FROM {schema}.jobs WHERE worker IS NOT NULL AND lease_until > extract(epoch FROM clock_timestamp())"
        return int(self._all(running)[0][0])

    def count(self, table: str) -> int:
        return int(self._all(f"SELECT count(*) FROM {{schema}}.{table}")[0][0])  # noqa: S608  our own name

    def statuses(self) -> dict[str, int]:
        return dict(self._all("SELECT status, count(*) FROM {schema}.jobs GROUP BY status ORDER BY status"))

    def rows(self, table: str) -> Iterator[Row]:
        types: dict[str, int] = dict(
            self._all(f"SELECT attname, atttypid FROM pg_attribute WHERE attrelid = '{{schema}}.{table}'::regclass")  # noqa: S608  our own
        )
        with self._db.cursor() as cursor, cursor.copy(self._sql(f"COPY {{schema}}.{table} ({_names(table)}) TO STDOUT")) as copied:
            copied.set_types([types[name] for name in COLUMNS[table]])
            yield from copied.rows()

    def add(self, table: str, rows: Iterable[Row]) -> None:
        with self._db.cursor() as cursor, cursor.copy(self._sql(f"COPY {{schema}}.{table} ({_names(table)}) FROM STDIN")) as copying:
            for row in rows:
                copying.write_row(row)

    def finish(self) -> None:
        self._db.execute(self._sql("UPDATE {schema}.jobs SET lease_until = 0 WHERE worker IS NOT NULL"))
        numbered = "(SELECT seq FROM {schema}.jobs UNION ALL SELECT seq FROM {schema}.tombstones) AS numbered"
        self._all(f"SELECT setval('{{schema}}.job_numbers', max(seq)) FROM {numbered}")  # noqa: S608  our own
        for table in ("secrets", "deliveries"):
            sequence = f"pg_get_serial_sequence('{{schema}}.{table}', 'seq')"
            self._all(f"SELECT setval({sequence}, max(seq)) FROM {{schema}}.{table}")  # noqa: S608  our own names

    def _all(self, sql: str) -> list[Row]:
        return self._db.execute(self._sql(sql)).fetchall()

    def _sql(self, text: str) -> bytes:
        return text.replace("{schema}", self._schema).encode()


def _names(table: str) -> str:
    return ", ".join(map(quoted, COLUMNS[table]))
