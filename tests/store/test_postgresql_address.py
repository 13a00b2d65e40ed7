"""What a URL leads to, and what is shown of it."""

import socket
from urllib.parse import urlsplit

import psycopg
import pytest

from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.postgres import address, pool
from coatcheck.store.postgres.address import Address
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import submission


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@host:port:1/x?nonsense=1",
        "postgresql://ann:hunter/2@host/x",
        "postgresql://ann:17/hunter2@host/x",
        "postgresql://ann:hunter@hunter2@host/x",
        "postgresql://ann:hunter%2@host/x",
        "postgresql://ann:hunter 2@host/x",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    """Nor any part of it, where that has been taken for a host, a port or a database."""
    with pytest.raises(ConfigurationError, match="the URL cannot be read") as refused:
        Address.of(Settings(store=url))
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:hunter2@db/jobs", "postgresql://db:5432/jobs"),
        ("postgresql://ann:hunt%40er%2F2@db:6000/a%40b", "postgresql://db:6000/a@b"),
        ("postgresql://ann:hunter2@one:1,two,[::1]:3/jobs", "postgresql://one:1,two:5432,[::1]:3/jobs"),
        ("postgresql://ann@one,two/jobs?port=1", "postgresql://one:1,two:1/jobs"),
        ("postgresql:///jobs?host=/run/postgresql&password=hunter2", "postgresql:///run/postgresql:5432/jobs"),
    ],
)
def test_an_address_is_shown_as_a_url_without_a_user(url: str, shown: str) -> None:
    assert str(Address.of(Settings(store=url))) == f"{shown} (schema coatcheck)"


async def test_a_host_that_does_not_answer_leaves_time_for_the_next(store_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = urlsplit(store_url)
        both = f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{place.port}{place.path}"
        db = await Address.of(Settings(store=both)).connect()
        assert db.info.port == place.port
        await db.close()


async def test_a_call_ends_though_no_connection_comes_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "DEADLINE", 0.1)
    monkeypatch.setattr(address, "CONNECT_TIMEOUT", 3600.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/jobs?connect_timeout=3600"
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await pool.Pool(Address.of(Settings(store=nobody)), 1).fetch("SELECT 1", {})


async def test_text_is_kept_as_it_is_whatever_encoding_the_role_has(open_store: OpenStore, store_url: str) -> None:
    with psycopg.connect(store_url, autocommit=True) as db:
        db.execute(f"ALTER DATABASE {urlsplit(store_url).path[1:]} SET client_encoding = 'LATIN1'".encode())
    store = await open_store()
    request = submission(owner="Zoë")
    await store.submit(request)
    with psycopg.connect(store_url, client_encoding="UTF8") as db:
        assert db.execute("SELECT owner FROM coatcheck.jobs").fetchone() == ("Zoë",)


async def test_transactions_see_what_was_committed_whatever_the_role_is_set_to(store_url: str) -> None:
    """Otherwise workers that claim side by side would be refused all the time."""
    with psycopg.connect(store_url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {urlsplit(store_url).path[1:]} SET default_transaction_isolation = 'serializable'".encode())
    async with await Address.of(Settings(store=store_url)).connect() as db:
        assert await (await db.execute("SHOW transaction_isolation")).fetchone() == ("read committed",)


async def test_behind_a_pooler_no_connection_leaves_a_prepared_statement_to_its_next_user(store_url: str) -> None:
    """F29: not even one that somebody's function writes through."""
    there = Address.of(Settings(store=store_url, pooler=True))
    left = "SELECT count(*) FROM pg_prepared_statements"
    with there.connect_plainly() as db:
        for _ in range(10):
            db.execute("SELECT 1")
        assert db.execute(left).fetchone() == (0,)
    async with await there.connect() as ours:
        for _ in range(10):
            await ours.execute("SELECT 1")
        assert await (await ours.execute(left)).fetchone() == (0,)
