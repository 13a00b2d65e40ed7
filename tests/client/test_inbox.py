"""Every message is handled once, whatever comes twice, at the same time, or is killed half-way; on real databases."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from coatcheck.client.inbox import AsyncInbox, Inbox
from coatcheck.errors import ConfigurationError

DRIVERS = ("sqlite3", "apsw", "psycopg")
MESSAGE, SECOND = SimpleNamespace(id="msg_1"), SimpleNamespace(id="msg_2")
MARK = "INSERT INTO handled (id) VALUES ('msg_1')"
Open = Callable[[], Any]


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def place(driver: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty database: a file, or a URL."""
    return str(request.getfixturevalue("database_url")) if driver == "psycopg" else str(tmp_path / "receiver.db")


def opened(driver: str, place: str) -> Any:
    """A connection of that driver, in its own usual way of transactions."""
    match driver:
        case "sqlite3":
            return sqlite3.connect(place, timeout=30, check_same_thread=False)
        case "apsw":
            db = apsw.Connection(place)
            db.set_busy_timeout(30_000)
            return db
        case _:
            return psycopg.connect(place)


@pytest.fixture
def db(driver: str, place: str) -> Any:
    """With an inbox, and a table for what handling a message does."""
    db = opened(driver, place)
    if driver != "psycopg":
        db.execute("PRAGMA journal_mode = wal")
    Inbox().create(db)
    db.execute("CREATE TABLE handled (id text)")
    end(db)
    yield db
    db.close()


def begin(db: Any) -> None:
    if isinstance(db, apsw.Connection):
        db.execute("BEGIN IMMEDIATE")


def end(db: Any, how: str = "commit") -> None:
    if not isinstance(db, apsw.Connection):
        getattr(db, how)()
    elif db.in_transaction:
        db.execute(how)


def handled(db: Any) -> int:
    ((count,),) = db.execute("SELECT count(*) FROM handled").fetchall()
    end(db)
    return int(count)


def test_a_message_is_taken_once(db: Any) -> None:
    inbox = Inbox()
    taken = []
    for message in (MESSAGE, MESSAGE, SECOND, MESSAGE):
        begin(db)
        taken.append(inbox.take(db, message))
        end(db)
    assert taken == [True, False, True, False]


def test_what_was_not_committed_was_not_taken(db: Any) -> None:
    inbox = Inbox()
    begin(db)
    assert inbox.take(db, MESSAGE)
    db.execute(MARK)
    end(db, "rollback")
    begin(db)
    assert inbox.take(db, MESSAGE)
    end(db)
    assert handled(db) == 0


def test_of_those_that_come_at_the_same_time_one_is_handled(db: Any, driver: str, place: str) -> None:
    """The others wait for its end: none is told that the message is being seen to before that is so."""
    inbox, start, after = Inbox(), threading.Barrier(6), []

    def receive() -> bool:
        own = opened(driver, place)
        try:
            start.wait(30)
            begin(own)
            if first := inbox.take(own, MESSAGE):
                own.execute(MARK)
            else:
                after.append(own.execute("SELECT count(*) FROM handled").fetchall()[0][0])
            end(own)
            return first
        finally:
            own.close()

    with ThreadPoolExecutor(6) as pool:
        came = [pool.submit(receive) for _ in range(6)]
        assert sorted(one.result(60) for one in came) == [False] * 5 + [True]
    assert after == [1] * 5
    assert handled(db) == 1


RECEIVER = """
import os, signal, sys
from importlib import import_module
from types import SimpleNamespace
from coatcheck.client.inbox import Inbox

driver, place, mark = sys.argv[1:]
module = import_module(driver)
db = module.Connection(place) if driver == "apsw" else module.connect(place)
if driver == "apsw":
    db.execute("BEGIN IMMEDIATE")
assert Inbox().take(db, SimpleNamespace(id="msg_1"))
db.execute(mark)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_receiver_that_is_killed_between_has_not_handled_it(db: Any, driver: str, place: str) -> None:
    killed = subprocess.run([sys.executable, "-c", RECEIVER, driver, place, MARK], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert handled(db) == 0
    begin(db)
    assert Inbox().take(db, MESSAGE)
    db.execute(MARK)
    end(db)
    assert handled(db) == 1


def test_the_table_is_made_once_and_its_name_is_the_receivers_choice(db: Any, driver: str, place: str) -> None:
    def create(_: int) -> None:
        own = opened(driver, place)
        Inbox("webhooks_seen").create(own)
        end(own)
        own.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(create, range(4))) == [None] * 4
    begin(db)
    assert Inbox().take(db, MESSAGE)
    assert Inbox("webhooks_seen").take(db, MESSAGE)
    end(db)


@pytest.mark.parametrize("name", ["", "a b", "x;drop", "größe", "a.b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    for kind in (Inbox, AsyncInbox):
        with pytest.raises(ConfigurationError, match="letters, digits"):
            kind(name)


def test_old_messages_are_forgotten(db: Any) -> None:
    inbox = Inbox()
    begin(db)
    for message in (MESSAGE, SECOND):
        inbox.take(db, message)
    db.execute("UPDATE coatcheck_inbox SET taken_at = '2026-01-01 00:00:00' WHERE id = 'msg_1'")
    assert inbox.prune(db) == 1
    assert inbox.take(db, MESSAGE)
    assert not inbox.take(db, SECOND)
    end(db)


def test_without_a_transaction_nothing_is_taken(db: Any, driver: str) -> None:
    """It would be committed before the message is handled, and lost if the receiver died between."""
    inbox = Inbox()
    if driver == "sqlite3":
        db.isolation_level = None
    elif driver == "psycopg":
        db.autocommit = True
    with pytest.raises(ConfigurationError, match="No transaction is open"):
        inbox.take(db, MESSAGE)
    db.execute("BEGIN")
    assert inbox.take(db, MESSAGE)
    db.execute("ROLLBACK")


@pytest.mark.parametrize("kind", [sqlite3.Connection, apsw.Connection])
def test_a_connection_of_a_class_that_extends_the_driver_s_is_the_driver_s(kind: type, tmp_path: Path) -> None:
    db = type("Traced", (kind,), {})(str(tmp_path / "receiver.db"))
    Inbox().create(db)
    begin(db)
    assert Inbox().take(db, MESSAGE)
    end(db)
    db.close()


async def test_an_awaited_connection_does_the_same(database_url: str) -> None:
    inbox = AsyncInbox()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as db:
        await inbox.create(db)
        with pytest.raises(ConfigurationError, match="No transaction is open"):
            await inbox.take(db, MESSAGE)
        async with db.transaction(force_rollback=True):
            assert await inbox.take(db, MESSAGE)
        async with db.transaction():
            assert [await inbox.take(db, MESSAGE) for _ in range(2)] == [True, False]
        assert await inbox.prune(db, older_than=0) == 1


async def test_below_sqlalchemy_the_drivers_connection_is_used(database_url: str) -> None:
    """Its transaction is the session's: what is rolled back there was not taken."""
    url = database_url.replace("postgresql", "postgresql+psycopg", 1)
    engine = sqlalchemy.create_engine(url)
    for how, taken in (("rollback", True), ("commit", True), ("commit", False)):
        with Session(engine) as session:
            db = session.connection().connection.dbapi_connection
            Inbox().create(db)
            assert Inbox().take(db, MESSAGE) is taken
            getattr(session, how)()
    engine.dispose()
    awaited = create_async_engine(url)
    async with awaited.begin() as connection:
        raw = await connection.get_raw_connection()
        assert not await AsyncInbox().take(raw.driver_connection, MESSAGE)
    await awaited.dispose()
