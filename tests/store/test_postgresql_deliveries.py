"""What is counted or ended while others do the same: one after the other, or each would go by what was before both."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg
import pytest

from coatcheck.domain.endpoint import Endpoint
from coatcheck.store.postgres import columns
from coatcheck.store.postgres.columns import Texts
from coatcheck.store.postgres.statement import statement
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import OWNER
from coatcheck.testing.conformance.webhooks import SEALED, URL, called_back, claimed

T = TypeVar("T")

_ENDPOINT = {"id": "we_1", "owner": OWNER, "url": URL, "occasions": "[]", "created_at": 1.0, "sealed": SEALED, "limit": 1}


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


async def _beside(url: str, scope: str, name: str, parameters: dict[str, Any], verb: Coroutine[Any, Any, T]) -> T:
    """What comes of a verb that begins when another process has done the statement `name` and not committed yet."""
    async with await psycopg.AsyncConnection.connect(url) as other, asyncio.timeout(30):
        columns.register(other)
        await other.execute(statement("alone", "coatcheck").encode(), {"scopes": Texts([scope])})
        await other.execute(statement(name, "coatcheck").encode(), {**parameters, "now": None, "seconds": None})
        task = asyncio.create_task(verb)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as looking:
            while not task.done() and not await _somebody_waits(looking):
                pass
        await other.commit()
    return await task


async def _somebody_waits(db: psycopg.AsyncConnection[Any]) -> bool:
    cursor = await db.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return await cursor.fetchone() is not None


async def test_dispatchers_of_several_hosts_together_keep_to_a_target_s_bound(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    await called_back(store, 5)
    theirs = {"dispatcher": "dispatcher-2", "limit": 9, "per_target": 2, "lease": 30.0, "unknown": ""}
    ours = await _beside(store_url, "claims of deliveries", "claim_deliveries", theirs, claimed(store, per_target=2))
    assert ours == []
    assert len(await claimed(store, per_target=5)) == 3


async def test_an_owner_who_registers_from_several_hosts_has_no_more_endpoints(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    ours = store.add_endpoint(Endpoint(id="we_2", owner=OWNER, url=URL, created_at=1.0), SEALED, limit=1)
    assert not await _beside(store_url, f"endpoints of {OWNER}", "add_endpoint", _ENDPOINT, ours)
    assert [endpoint.id for endpoint in await store.endpoints(OWNER)] == ["we_1"]


async def test_of_two_secrets_that_are_given_at_once_one_ends(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    theirs = {"holder": "we_1", "sealed": b"theirs", "overlap": 60.0}
    await _beside(store_url, "secrets of we_1", "add_secret", theirs, store.add_secret("we_1", b"ours", overlap=60))
    assert [(secret.sealed, secret.ends_at is None) for secret in await store.secrets("we_1")] == [(b"ours", True), (b"theirs", False)]


async def test_what_somebody_writes_at_this_moment_is_nobody_s_to_wait_for(open_store: OpenStore, store_url: str) -> None:
    """As a transition of an application's own transaction does, which may take its time."""
    store = await open_store()
    await called_back(store, 3)
    async with await psycopg.AsyncConnection.connect(store_url) as other:
        await other.execute("SELECT 1 FROM coatcheck.deliveries ORDER BY seq LIMIT 1 FOR UPDATE")
        assert len(await claimed(store)) == 2
    assert len(await claimed(store)) == 1
