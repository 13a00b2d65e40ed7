"""What a PostgreSQL job store is like, read without changing it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres.address import Address, Connection, drop
from coatcheck.store.postgres.failure import refusals_explained
from coatcheck.store.postgres.migrate import check_usable, installed, known, script
from coatcheck.store.postgres.statement import quoted, statement

T = TypeVar("T")


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

    def schema(self) -> int | None:
        """The number of its schema; None where there are no tables yet. Raises StoreUnavailable; ConfigurationError for foreign tables."""
        found = self._ask(lambda db: installed(db, self._address.schema))
        return None if found is None else found[0]

    def script(self) -> str:
        """The SQL that brings it up to date: all of it where it cannot be reached."""
        try:
            after = self.schema() or 0
        except StoreUnavailable:
            after = 0
        return "" if after >= known(self._address.schema) else script(self._address.schema, after)

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

    async def _patiently_examine(self, db: Connection) -> dict[str, Any]:
        async with db.transaction():
            await db.execute("SET LOCAL statement_timeout = 0")
            await db.execute("SET LOCAL enable_seqscan = on")
            return await self._examine(db)

    async def _examine(self, db: Connection) -> dict[str, Any]:
        schema = self._address.schema
        found = await installed(db, schema)
        if found is None:
            raise StoreUnavailable(f"There is no job store {self} yet: `coatcheck db upgrade` creates it, as does the first start.")
        check_usable(schema, found)
        size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
        statuses = f"SELECT status, count(*) FROM {quoted(schema)}.jobs GROUP BY status ORDER BY status"  # noqa: S608  our own name
        return {
            "store": str(self),
            "bytes": (await _rows(db, size, quoted(schema)))[0][0],
            "postgresql": db.info.parameter_status("server_version"),
            "schema": found[0],
            "knownSchema": known(schema),
            "damages": [],
            "jobs": dict(await _rows(db, statuses)),
            "operations": {
                operation: {"queued": queued, "running": running}
                for operation, queued, running in sorted(await _rows(db, statement("depths", schema)))
            },
        }


async def _rows(db: Connection, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
    cursor = await db.execute(sql.encode(), parameters or None)
    return await cursor.fetchall()
