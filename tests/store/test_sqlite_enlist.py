"""Submitting in a transaction of the caller's, on a connection of theirs to the file."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import ConfigurationError, IdempotencyKeyReused, QueueFull
from coatcheck.store.contract import Listing
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import OPERATION, OWNER, WORKER, ObservedStore, history, present, submission


@pytest.fixture
async def store(open_store: OpenStore) -> ObservedStore:
    return await open_store()


@pytest.fixture
def theirs(store: ObservedStore, file: Path) -> apsw.Connection:
    """A connection of the caller's, with a table of theirs and a transaction open."""
    db = apsw.Connection(str(file))
    db.execute("CREATE TABLE orders (id TEXT)")
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO orders VALUES ('17')")
    return db


async def test_it_exists_once_the_transaction_is_committed(store: ObservedStore, theirs: apsw.Connection) -> None:
    request = submission()
    submitted = await store.submit(request, within=theirs)
    assert (submitted.job.id, submitted.replayed) == (request.id, False)
    assert await store.get(request.id, OWNER) is None
    theirs.execute("COMMIT")
    assert (await present(store, request.id)).owner == OWNER
    assert await history(store, request.id) == ["accepted"]
    [claim] = await store.claim(WORKER, [OPERATION], 1)
    assert (claim.job_id, claim.arguments) == (request.id, request.arguments)


async def test_it_never_existed_where_that_is_rolled_back(store: ObservedStore, theirs: apsw.Connection) -> None:
    await store.submit(submission(idempotency_key="k"), within=theirs)
    theirs.execute("ROLLBACK")
    assert await store.list(SYSTEM, Listing()) == []
    assert not (await store.submit(submission(idempotency_key="k"))).replayed


async def test_listeners_hear_of_the_commit(store: ObservedStore, theirs: apsw.Connection) -> None:
    """Without it the job would wait for the poll."""
    first, heard = threading.Event(), threading.Event()
    stop_first = store.listen(first.set)
    assert first.wait(30)  # it looks once when somebody begins to listen
    stop = store.listen(heard.set)
    stop_first()
    await store.submit(submission(), within=theirs)
    theirs.execute("COMMIT")
    assert heard.wait(30)
    stop()


async def test_a_key_leads_to_the_job_it_led_to_before(store: ObservedStore, theirs: apsw.Connection) -> None:
    """One of the same transaction included."""
    first = await store.submit(submission(idempotency_key="k"), within=theirs)
    again = await store.submit(submission(idempotency_key="k"), within=theirs)
    assert (again.job.id, again.replayed) == (first.job.id, True)
    with pytest.raises(IdempotencyKeyReused):
        await store.submit(submission(idempotency_key="k", fingerprint=b"other"), within=theirs)
    theirs.execute("COMMIT")
    assert [job.id for job in await store.list(SYSTEM, Listing())] == [first.job.id]


async def test_a_full_queue_refuses_and_leaves_the_transaction_as_it_was(store: ObservedStore, theirs: apsw.Connection) -> None:
    await store.submit(submission(queue_bound=1), within=theirs)
    with pytest.raises(QueueFull):
        await store.submit(submission(queue_bound=1), within=theirs)
    theirs.execute("COMMIT")
    assert len(await store.list(SYSTEM, Listing())) == 1
    assert theirs.execute("SELECT * FROM orders").fetchall() == [("17",)]


async def test_what_fails_halfway_is_undone_and_no_more(store: ObservedStore, theirs: apsw.Connection) -> None:
    """A submission whose arguments cannot be stored leaves no job behind in a transaction that goes on."""
    with pytest.raises(TypeError):
        await store.submit(submission(arguments=object()), within=theirs)
    theirs.execute("COMMIT")
    assert await store.list(SYSTEM, Listing()) == []
    assert theirs.execute("SELECT * FROM orders").fetchall() == [("17",)]


async def test_how_the_caller_has_rows_made_does_not_matter(store: ObservedStore, theirs: apsw.Connection) -> None:
    theirs.row_trace = lambda _cursor, row: {"row": row}
    first = await store.submit(submission(idempotency_key="k"), within=theirs)
    again = await store.submit(submission(idempotency_key="k"), within=theirs)
    assert again.job.id == first.job.id
    rows: list[object] = list(theirs.execute("SELECT id FROM orders"))
    assert rows == [{"row": ("17",)}]


async def test_what_is_no_transaction_on_the_same_file_is_refused(store: ObservedStore, theirs: apsw.Connection, tmp_path: Path) -> None:
    theirs.execute("COMMIT")
    with pytest.raises(ConfigurationError, match="no transaction is open there"):
        await store.submit(submission(), within=theirs)
    for elsewhere in (str(tmp_path / "other.db"), ":memory:"):
        other = apsw.Connection(elsewhere)
        other.execute("BEGIN")
        with pytest.raises(ConfigurationError, match="keep your tables there"):
            await store.submit(submission(), within=other)
    with closing(sqlite3.connect(tmp_path / "third.db")) as library, pytest.raises(ConfigurationError, match=r"sqlite3\.Connection cannot"):
        await store.submit(submission(), within=library)
    assert await store.list(SYSTEM, Listing()) == []
