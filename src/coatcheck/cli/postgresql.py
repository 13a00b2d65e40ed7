"""What a PostgreSQL job store is like, read without changing it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from coatcheck.clock import SystemClock
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address, Connection, drop
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.migrate import Schema, known, refuse_unfit, script, usable
from coatcheck.store.postgres.moment import apart
from coatcheck.store.postgres.statement import quoted, statement

T = TypeVar("T")

# Whoever inserts into a table needs no right to the sequence of its identity.
_WITHHELD = """SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = %s AND relname <> 'migrations' AND CASE relkind
        WHEN 'r' THEN NOT (SELECT bool_and(has_table_privilege(pg_class.oid, may)) FROM unnest(%s::text[]) AS may)
        WHEN 'S' THEN relname = 'job_numbers' AND NOT has_sequence_privilege(pg_class.oid, 'USAGE')
    END
    ORDER BY relname"""
_NEEDED = ["SELECT", "INSERT", "UPDATE", "DELETE"]


class PostgresDatabase:
    """The schema that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._address = Address.of(settings)

    def __str__(self) -> str:
        return str(self._address)

    @property
    def place(self) -> dict[str, Any]:
        """Where it is, for `--json`."""
        return {"store": str(self._address)}

    @property
    def known(self) -> int:
        """The newest schema that this version knows."""
        return known(self._address.schema)

    def schema(self) -> int | None:
        """The number of its schema; None where there are no tables yet.

        Raises StoreUnavailable; ConfigurationError for what is no store for this version.
        """
        found = self._ask(self._usable)
        return None if found is None else found[0]

    def script(self) -> str:
        """The SQL that brings it up to date: all of it, with a line that says so, where it cannot be asked."""
        try:
            after, said = self.schema() or 0, ""
        except StoreUnavailable as error:
            after, said = 0, f"-- From nothing, for it could not be asked what is there: {' '.join(str(error).split())}\n"
        return "" if after >= self.known else said + script(self._address.schema, after)

    def state(self) -> tuple[bool, float]:
        """Whether it takes writes; and by how many seconds its clock is ahead of this host's, at least. Raises StoreUnavailable."""
        return self._ask(_state)

    def examine(self) -> dict[str, Any]:
        """Everything `coatcheck db check` tells. Raises StoreUnavailable where there is none."""
        return self._ask(self._patiently_examine)

    def _ask(self, look: Callable[[Connection], Awaitable[T]]) -> T:
        async def ask() -> T:
            with refusals_explained(self._address):
                db = await self._address.connect()
                try:
                    return await look(db)
                finally:
                    drop(db)

        return asyncio.run(ask())

    def withheld(self) -> list[str]:
        """Tables and sequences that this role may not use as it must. Raises StoreUnavailable."""
        return self._ask(self._withheld)

    async def _withheld(self, db: Connection) -> list[str]:
        return [name for (name,) in await _rows(db, _WITHHELD, self._address.schema, _NEEDED)]

    async def _usable(self, db: Connection) -> Schema | None:
        refuse_unfit(self._address, db)
        return await usable(db, self._address.schema)

    async def _patiently_examine(self, db: Connection) -> dict[str, Any]:
        async with db.transaction():
            await db.execute("SET LOCAL statement_timeout = 0")
            await db.execute("SET LOCAL enable_seqscan = on")
            return await self._examine(db)

    async def _examine(self, db: Connection) -> dict[str, Any]:
        schema = self._address.schema
        found = await self._usable(db)
        if found is None:
            raise StoreUnavailable(f"There is no job store {self} yet: `coatcheck db upgrade` creates it, as does the first start.")
        size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
        statuses = f"SELECT status, count(*) FROM {quoted(schema)}.jobs GROUP BY status ORDER BY status"  # noqa: S608  our own name
        return {
            "store": str(self),
            "bytes": (await _rows(db, size, quoted(schema)))[0][0],
            "postgresql": db.info.parameter_status("server_version"),
            "schema": found[0],
            "knownSchema": self.known,
            "damages": [],
            "jobs": dict(await _rows(db, statuses)),
            "operations": {
                operation: {"queued": queued, "running": running}
                for operation, queued, running in sorted(await _rows(db, statement("depths", schema)))
            },
        }


async def _state(db: Connection) -> tuple[bool, float]:
    clock = SystemClock()
    before = clock.now()
    sql = "SELECT current_setting('transaction_read_only') = 'off', extract(epoch FROM clock_timestamp())::double precision"
    [[writable, server]] = await _rows(db, sql)
    return writable, apart(server, before, clock.now())


async def _rows(db: Connection, sql: str, *parameters: str | list[str]) -> list[tuple[Any, ...]]:
    cursor = await db.execute(sql.encode(), parameters or None)
    return await cursor.fetchall()
