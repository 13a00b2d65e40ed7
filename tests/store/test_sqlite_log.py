"""The write-ahead log: copied back now and then, by one process at a time, and never without bound."""
# ruff: noqa: ASYNC240  nothing else runs on a test's event loop

import fcntl
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from coatcheck.clock import SystemClock
from coatcheck.domain.owner import SYSTEM
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing
from coatcheck.store.sqlite import wal
from coatcheck.store.sqlite.connection import connect
from coatcheck.store.sqlite.migrate import checkpoint_lock
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import queued

_BODY = b"x" * 20_000


def _log(file: Path) -> int:
    return file.with_name(file.name + "-wal").stat().st_size


async def test_the_log_does_not_grow_with_the_jobs(open_store: OpenStore, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "PAGES", 50)
    store = await open_store()
    for _ in range(100):
        await queued(store, arguments=_BODY)
    assert _log(file) < 50 * 4096 * 3
    assert file.stat().st_size > 90 * len(_BODY)


async def test_nothing_is_copied_back_while_another_process_does(
    open_store: OpenStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F25: copying is for whoever holds the lock, and nobody waits for it."""
    monkeypatch.setattr(wal, "PAGES", 50)
    store = await open_store()
    before = file.stat().st_size
    with checkpoint_lock(file).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for _ in range(50):
            await queued(store, arguments=_BODY)
        assert file.stat().st_size == before
    await queued(store)
    await store.ping()
    assert file.stat().st_size > 40 * len(_BODY)


async def test_a_long_reader_does_not_stop_the_writer(open_store: OpenStore, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F25: the log grows while it reads, and is begun anew once it is done."""
    monkeypatch.setattr(wal, "PAGES", 20)
    monkeypatch.setattr(wal, "MANY_PAGES", 60)
    store = await open_store()
    reader = connect(file, "full")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM jobs").fetchall()
    for _ in range(30):
        await queued(store, arguments=_BODY)
    assert _log(file) > 25 * len(_BODY)
    reader.execute("COMMIT")
    reader.close()
    for _ in range(10):
        await queued(store, arguments=_BODY)
    assert _log(file) < 30 * len(_BODY)
    assert len(await store.list(SYSTEM, Listing(limit=100))) == 40


async def test_a_log_that_a_reader_keeps_is_told_of_each_time_it_has_doubled(
    open_store: OpenStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F25: while the reader reads, nothing makes the log shorter; somebody should know."""
    monkeypatch.setattr(wal, "PAGES", 20)
    monkeypatch.setattr(wal, "MANY_PAGES", 60)
    monkeypatch.setattr(wal, "_PATIENCE", 0.001)
    told: list[int] = []

    def hear(event: str, facts: Mapping[str, object]) -> None:
        if event == "store.log_kept":
            assert facts["file"] == file
            assert isinstance(facts["bytes"], int)
            told.append(facts["bytes"])

    telemetry = Telemetry()
    telemetry.subscribe(hear)
    store = SQLiteStore(Settings(store=f"sqlite:///{file}"), SystemClock(), telemetry)
    await store.open()
    reader = connect(file, "full")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM jobs").fetchall()
    for _ in range(100):
        await queued(store, arguments=_BODY)
    await store.ping()
    longest = _log(file)
    assert 2 <= len(told) <= 6
    assert all(later >= 2 * earlier * 0.9 for earlier, later in pairwise(told))
    reader.execute("COMMIT")
    reader.close()
    for _ in range(10):
        await queued(store, arguments=_BODY)
    await store.ping()
    assert _log(file) < longest / 2
    assert len(await store.list(SYSTEM, Listing(limit=200))) == 110
    await store.close()


async def test_closing_copies_everything_back(open_store: OpenStore, file: Path) -> None:
    store = await open_store()
    await queued(store)
    assert _log(file) > 0
    await store.close()
    assert _log(file) == 0
    db = apsw.Connection(str(file))
    assert db.execute("SELECT count(*) FROM jobs").fetchall() == [(1,)]
    db.close()


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("process", 1)])
def test_durability_is_what_was_asked_for(file: Path, durability: str, level: int) -> None:
    """Without `full`, a power cut may take back what a 202 promised."""
    assert Settings().durability == "full"
    db = connect(file, durability, create=True)
    assert db.pragma("synchronous") == level
    assert db.pragma("mmap_size") == 0
    assert db.pragma("wal_autocheckpoint") == 0
    db.close()
