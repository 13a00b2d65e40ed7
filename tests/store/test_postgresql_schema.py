"""Whose tables these are, and which version's."""

import asyncio

import psycopg
import pytest

from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing
from coatcheck.store.postgres import migrate
from coatcheck.store.postgres.statement import migrations
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import OWNER, queued


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


def _execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(sql.encode())


def _schemas(url: str) -> list[tuple[int, int]]:
    with psycopg.connect(url) as db:
        return db.execute("SELECT version, compatible_since FROM coatcheck.migrations ORDER BY version").fetchall()


async def test_many_who_open_an_empty_database_at_once_make_one_schema(open_store: OpenStore, store_url: str) -> None:
    stores = await asyncio.gather(*(open_store() for _ in range(8)))
    job = await queued(stores[0])
    assert [job.id for job in await stores[7].list(OWNER, Listing())] == [job.id]
    assert [version for version, _ in _schemas(store_url)] == list(range(1, len(migrations("coatcheck")) + 1))


async def test_another_schema_is_another_store(open_store: OpenStore) -> None:
    store, other = await open_store(), await open_store(schema="billing_2")
    job = await queued(store)
    assert await other.list(OWNER, Listing()) == []
    assert await other.get(job.id, OWNER) is None


@pytest.mark.parametrize("name", ["", "Coatcheck", "a-b", 'a"b', "1a", "a" * 60, "pg_jobs"])
def test_a_schema_has_a_plain_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="schema is"):
        Settings(schema=name)


async def test_a_role_without_the_right_to_make_tables_uses_those_that_are_there(open_store: OpenStore, store_url: str) -> None:
    """And is told what to do where there are none."""
    with psycopg.connect(store_url, autocommit=True) as db:
        [database] = db.execute("SELECT current_database()").fetchone() or [""]
        db.execute(f'CREATE ROLE "{database}" LOGIN'.encode())
        try:
            modest = store_url.replace("//postgres@", f"//{database}@")
            with pytest.raises(ConfigurationError, match=r"may not: permission denied for database .*coatcheck db upgrade"):
                await open_store(store=modest)
            await open_store()
            with pytest.raises(ConfigurationError, match="grant it USAGE"):
                await open_store(store=modest)
            db.execute(f'GRANT USAGE ON SCHEMA coatcheck TO "{database}"'.encode())
            db.execute(f'GRANT ALL ON ALL TABLES IN SCHEMA coatcheck TO "{database}"'.encode())
            db.execute(f'GRANT ALL ON ALL SEQUENCES IN SCHEMA coatcheck TO "{database}"'.encode())
            store = await open_store(store=modest)
            assert (await queued(store)).version == 1
            await store.close()
        finally:
            db.execute(f'DROP OWNED BY "{database}"'.encode())
            db.execute(f'DROP ROLE "{database}"'.encode())


async def test_a_newer_schema_is_used_as_long_as_it_says_that_it_can_be(open_store: OpenStore, store_url: str) -> None:
    """F28: the workers of one release go on beside the schema of the next."""
    await open_store()
    _execute(store_url, "ALTER TABLE coatcheck.jobs ADD COLUMN colour text DEFAULT 'red'")
    _execute(store_url, "INSERT INTO coatcheck.migrations (version, compatible_since) VALUES (99, 1)")
    assert (await queued(await open_store())).version == 1
    _execute(store_url, "INSERT INTO coatcheck.migrations (version, compatible_since) VALUES (100, 99)")
    with pytest.raises(ConfigurationError, match="install a newer Coatcheck"):
        await open_store()


async def test_an_older_schema_is_brought_up_to_date(open_store: OpenStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_store()
    scripts = [*migrations("coatcheck"), "-- compatible since 1\nALTER TABLE coatcheck.jobs ADD COLUMN colour text;"]
    monkeypatch.setattr(migrate, "migrations", lambda schema: scripts)
    assert (await queued(await open_store())).version == 1
    assert _schemas(store_url)[-1] == (len(scripts), 1)


async def test_an_upgrade_that_fails_leaves_nothing(open_store: OpenStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = [*migrations("coatcheck"), "-- compatible since 1\nSELECT 1/0;"]
    monkeypatch.setattr(migrate, "migrations", lambda schema: scripts)
    with pytest.raises(ConfigurationError, match=r"cannot be brought to schema \d+: division by zero. Nothing was changed"):
        await open_store()
    with psycopg.connect(store_url) as db:
        assert db.execute("SELECT to_regnamespace('coatcheck')").fetchone() == (None,)


@pytest.mark.parametrize(
    "spoilt",
    [
        "DELETE FROM coatcheck.migrations WHERE version > 3",
        "DROP SCHEMA coatcheck CASCADE; CREATE SCHEMA coatcheck; CREATE TABLE coatcheck.arguments ()",
    ],
)
async def test_a_schema_that_is_not_what_it_says_is_left_alone(open_store: OpenStore, store_url: str, spoilt: str) -> None:
    """As somebody leaves it whose copy of the upgrade's SQL, run outside a transaction, broke off."""
    await open_store()
    _execute(store_url, spoilt)
    with pytest.raises(ConfigurationError, match=r"already exists. Nothing was changed"):
        await open_store()


async def test_another_application_s_tables_are_left_alone(open_store: OpenStore, store_url: str) -> None:
    _execute(store_url, "CREATE TABLE public.jobs (id int)")
    with pytest.raises(ConfigurationError, match="another application's table"):
        await open_store(schema="public")


async def test_a_database_that_cannot_keep_all_text_is_refused(open_store: OpenStore, store_url: str) -> None:
    name = store_url.rpartition("/")[2] + "_ascii"
    _execute(store_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        with pytest.raises(ConfigurationError, match="UTF8"):
            await open_store(store=store_url.rpartition("/")[0] + "/" + name)
    finally:
        _execute(store_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_database_that_is_not_there_is_named(open_store: OpenStore, store_url: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"/nowhere \(schema coatcheck\) is unavailable: .*does not exist"):
        await open_store(store=store_url.rpartition("/")[0] + "/nowhere")
