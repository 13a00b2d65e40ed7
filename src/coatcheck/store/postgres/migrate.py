"""From any older schema, or none, to the present one."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.store.postgres.address import Address, Connection, drop
from coatcheck.store.postgres.failure import first_line, reason, refusals_explained
from coatcheck.store.postgres.statement import migrations, quoted

OLDEST_SERVER = 13
_COMPATIBLE = re.compile(r"-- compatible since (\d+)\n")

# Not to_regclass(), which may answer from what it knew before it waited for a lock.
_TABLES = """SELECT count(*) FILTER (WHERE relname = 'migrations'), count(*) FILTER (WHERE relname = 'jobs')
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s"""

Schema = tuple[int, int]
"""A schema's number, and the oldest number whose Coatcheck works with it."""


async def bring_up_to_date(address: Address) -> None:
    """Make the tables or upgrade them, where that is needed; one process at a time does it.

    A schema that is newer than ours is left alone, and used as long as it says that it can be. Nothing is written, and no right
    to make tables is needed, where all is up to date. Raises ConfigurationError when this cannot be our store, and
    StoreUnavailable.
    """
    with refusals_explained(address):
        db = await address.connect()
        try:
            refuse_unfit(address, db)
            async with db.transaction():  # a pooler that lends connections by the statement is found out here
                found = await usable(db, address.schema)
            if _is_old(found, address):
                await _upgrade(db, address)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(f"The job store {address} cannot be used: {reason(error)}.") from error
        finally:
            drop(db)


async def usable(db: Connection, schema: str) -> Schema | None:
    """As `installed`. Raises ConfigurationError for one that is too new for this version, too."""
    found = await installed(db, schema)
    if found is not None:
        check_usable(schema, found)
    return found


async def installed(db: Connection, schema: str) -> Schema | None:
    """The schema that is there; None where there is none. Raises ConfigurationError for another application's tables."""
    ours, jobs = await _row(db, _TABLES, schema)
    if not ours:
        if jobs:
            raise ConfigurationError(f"The schema {schema} has another application's table `jobs` in it; set `schema` to another name.")
        return None
    newest = f"SELECT version, compatible_since FROM {quoted(schema)}.migrations ORDER BY version DESC LIMIT 1"  # noqa: S608  our own name
    version, compatible = await _row(db, newest)
    return version, compatible


def script(schema: str, after: int = 0) -> str:
    """The SQL that leads from schema `after` (0: from nothing) to the present one."""
    return "\n".join((_beginning(schema), *_steps(schema, after)))


def known(schema: str) -> int:
    """The newest schema that this version knows."""
    return len(migrations(schema))


def check_usable(schema: str, found: Schema) -> None:
    """Raise ConfigurationError where `found` is too new for this version."""
    version, compatible = found
    if compatible > known(schema):
        raise ConfigurationError(
            f"The job store's schema {version} can be used by a Coatcheck that knows schema {compatible}, and this one knows "
            f"{known(schema)}: install a newer Coatcheck."
        )


def _beginning(schema: str) -> str:
    return f"""CREATE SCHEMA IF NOT EXISTS {quoted(schema)};
CREATE TABLE IF NOT EXISTS {quoted(schema)}.migrations (
    version integer PRIMARY KEY,
    compatible_since integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


def _steps(schema: str, after: int) -> Sequence[str]:
    return [
        f"{text}\nINSERT INTO {quoted(schema)}.migrations (version, compatible_since) VALUES ({version}, {_compatible_since(text)});\n"
        for version, text in enumerate(migrations(schema), 1)
        if version > after
    ]


def _compatible_since(text: str) -> int:
    said = _COMPATIBLE.match(text)
    assert said is not None, "a migration's first line says which schema's Coatcheck can go on beside it"
    return int(said[1])


def refuse_unfit(address: Address, db: Connection) -> None:
    """Raise ConfigurationError where the server or the database can keep no jobs."""
    if db.info.server_version < OLDEST_SERVER * 10_000:
        raise ConfigurationError(
            f"The job store {address} is PostgreSQL {db.info.server_version // 10_000}; {OLDEST_SERVER} is the oldest that works."
        )
    if (encoding := db.info.parameter_status("server_encoding")) != "UTF8":
        raise ConfigurationError(f"The job store {address} keeps text as {encoding}; make a database with the encoding UTF8.")


def _is_old(found: Schema | None, address: Address) -> bool:
    return found is None or found[0] < known(address.schema)


async def _upgrade(db: Connection, address: Address) -> None:
    async with db.transaction():
        await db.execute("SET LOCAL statement_timeout = 0")  # it takes as long as it takes, here and in another process
        await db.execute("SET LOCAL lock_timeout = 0")
        await db.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"coatcheck migrations {address.schema}"])
        found = await usable(db, address.schema)
        if _is_old(found, address):  # another process may have been quicker
            await db.execute("SET LOCAL lock_timeout = '5s'")  # who waits for a table keeps all others waiting behind it
            with _failures_explained(address, found):
                await db.execute(script(address.schema, found[0] if found else 0).encode(), prepare=False)


@contextmanager
def _failures_explained(address: Address, found: Schema | None) -> Iterator[None]:
    """Raise ConfigurationError where nobody's trying again would bring the schema up to date."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"The job store {address} needs its tables made or upgraded, and this role may not: {first_line(error)}. "
            "Run `coatcheck db upgrade` once with a role that owns the schema, and grant this one all rights on its tables."
        ) from error
    except (psycopg.ProgrammingError, psycopg.DataError) as error:
        has = f"says that it has schema {found[0]}" if found else "has none of our tables by its own account"
        raise ConfigurationError(
            f"The job store {address} {has}, and cannot be brought to schema {known(address.schema)}: {first_line(error)}. Nothing was "
            "changed. Somebody else has made or changed what is there: restore a backup, or set `schema` to another name."
        ) from error


async def _row(db: Connection, sql: str, *parameters: str) -> tuple[int, int]:
    cursor = await db.execute(sql.encode(), parameters or None)
    row = await cursor.fetchone()
    if row is None:
        raise StoreUnavailable("The job store's table of migrations is empty; restore a backup.")
    return row[0], row[1]
