"""Submitting in a transaction of the caller's, on whatever connection of theirs leads to the database."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import ConfigurationError, IdempotencyKeyReused, QueueFull
from coatcheck.store.contract import Listing
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import OPERATION, OWNER, WORKER, ObservedStore, history, present, submission
from tests import postgresql

KINDS = ["psycopg", "psycopg async", "Connection", "AsyncConnection", "Session", "AsyncSession"]


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


@pytest.fixture
async def store(open_store: OpenStore) -> ObservedStore:
    return await open_store()


class Theirs:
    """A connection of the caller's, and how its transaction is ended."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def end(self, how: str) -> None:
        ended = getattr(self.connection, how)()
        if asyncio.iscoroutine(ended):
            await ended


@pytest.fixture(params=KINDS)
async def theirs(request: pytest.FixtureRequest, store_url: str) -> AsyncIterator[Theirs]:
    alchemy = store_url.replace("postgresql:", "postgresql+psycopg:")
    match request.param:
        case "psycopg":
            with psycopg.connect(store_url, row_factory=dict_row) as db:
                yield Theirs(db)
        case "psycopg async":
            async with await psycopg.AsyncConnection.connect(store_url, row_factory=dict_row) as waiting:
                yield Theirs(waiting)
        case "Connection" | "Session" as kind:
            engine = create_engine(alchemy)
            with engine.connect() if kind == "Connection" else Session(engine) as connection:
                yield Theirs(connection)
            engine.dispose()
        case kind:
            async_engine = create_async_engine(alchemy)
            async with async_engine.connect() if kind == "AsyncConnection" else AsyncSession(async_engine) as connection:
                yield Theirs(connection)
            await async_engine.dispose()


async def test_it_exists_once_the_transaction_is_committed(store: ObservedStore, theirs: Theirs) -> None:
    for _ in range(2):  # the second time the connection is known
        request = submission()
        submitted = await store.submit(request, within=theirs.connection)
        assert (submitted.job.id, submitted.replayed) == (request.id, False)
        assert await store.get(request.id, OWNER) is None
        await theirs.end("commit")
        assert (await present(store, request.id)).owner == OWNER
        assert await history(store, request.id) == ["accepted"]
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        assert (claim.job_id, claim.arguments) == (request.id, request.arguments)


async def test_it_never_existed_where_that_is_rolled_back(store: ObservedStore, theirs: Theirs) -> None:
    await store.submit(submission(idempotency_key="k"), within=theirs.connection)
    await theirs.end("rollback")
    assert await store.list(SYSTEM, Listing()) == []
    assert not (await store.submit(submission(idempotency_key="k"))).replayed


async def test_keys_and_bounds_hold_and_spoil_no_transaction(store: ObservedStore, theirs: Theirs) -> None:
    """A key leads to the job of the same transaction, too. What is refused leaves a transaction that can be committed."""
    first = await store.submit(submission(idempotency_key="k", queue_bound=1), within=theirs.connection)
    again = await store.submit(submission(idempotency_key="k", queue_bound=1), within=theirs.connection)
    assert (again.job.id, again.replayed) == (first.job.id, True)
    with pytest.raises(IdempotencyKeyReused):
        await store.submit(submission(idempotency_key="k", fingerprint=b"other"), within=theirs.connection)
    with pytest.raises(QueueFull):
        await store.submit(submission(queue_bound=1), within=theirs.connection)
    await theirs.end("commit")
    assert [job.id for job in await store.list(SYSTEM, Listing())] == [first.job.id]


async def test_listeners_hear_of_the_commit(open_store: OpenStore, store: ObservedStore, store_url: str) -> None:
    """Those of this process and those of others; without it the job would wait for the poll."""
    other = await open_store()
    heard = [threading.Event(), threading.Event()]
    stops = [listener.listen(event.set) for listener, event in zip((store, other), heard, strict=True)]
    for event in heard:
        await asyncio.to_thread(event.wait, 30)  # each is told once it listens
        event.clear()
    async with await psycopg.AsyncConnection.connect(store_url) as db:
        await store.submit(submission(), within=db)
        assert not any(event.is_set() for event in heard)
    for event in heard:
        assert await asyncio.to_thread(event.wait, 30)
    for stop in stops:
        stop()


async def test_nobody_else_waits_for_the_transaction(store: ObservedStore, store_url: str) -> None:
    """The lock under which queues are counted is not held until the caller commits."""
    async with await psycopg.AsyncConnection.connect(store_url) as db:
        await store.submit(submission(queue_bound=5), within=db)
        await store.submit(submission(queue_bound=5))
        assert len(await store.list(SYSTEM, Listing())) == 1


async def test_a_connection_that_commits_each_statement_is_refused_outside_a_transaction(store: ObservedStore, store_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(store_url, autocommit=True) as db:
        with pytest.raises(ConfigurationError, match="no transaction is open there"):
            await store.submit(submission(), within=db)
        async with db.transaction():
            submitted = await store.submit(submission(), within=db)
            assert await store.get(submitted.job.id, OWNER) is None
        await present(store, submitted.job.id)


@pytest.mark.parametrize("migrated", [False, True])
async def test_another_database_is_refused(store: ObservedStore, open_store: OpenStore, postgresql_server: str, *, migrated: bool) -> None:
    """One with the same tables, too; and nothing is written there, nor is the caller's transaction spoilt."""
    with postgresql.database(postgresql_server, f"elsewhere_{migrated}") as url:
        if migrated:
            await (await open_store(store=url)).close()
        with psycopg.connect(url) as db:
            with pytest.raises(ConfigurationError, match="it leads to the database 'elsewhere"):
                await store.submit(submission(), within=db)
            assert db.execute("SELECT 1").fetchone() == (1,)
    assert await store.list(SYSTEM, Listing()) == []


async def test_a_connection_that_cannot_send_all_text_or_anything_is_refused(store: ObservedStore, store_url: str) -> None:
    with psycopg.connect(store_url, client_encoding="LATIN1") as narrow, pytest.raises(ConfigurationError, match="is LATIN1"):
        await store.submit(submission(), within=narrow)
    with pytest.raises(ConfigurationError, match="closed"):
        await store.submit(submission(), within=narrow)


async def test_what_is_no_connection_of_psycopg_is_refused(store: ObservedStore) -> None:
    with pytest.raises(ConfigurationError, match=r"a builtins\.str cannot be used here"):
        await store.submit(submission(), within="connection")
    engine = create_engine("sqlite://")
    with Session(engine) as session, pytest.raises(ConfigurationError, match=r"sqlite3\.Connection \(under the Session\)"):
        await store.submit(submission(), within=session)
    engine.dispose()
