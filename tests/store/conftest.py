"""SQLite files of a test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coatcheck.clock import Clock, SystemClock
from coatcheck.settings import Settings
from coatcheck.store.open import open_store as make_store
from coatcheck.store.sqlite.store import SQLiteStore
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance import OpenStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "coatcheck.db"


@pytest.fixture
async def open_store(file: Path) -> AsyncIterator[OpenStore]:
    opened: list[SQLiteStore] = []

    async def open_one(clock: Clock | None = None) -> SQLiteStore:
        store = make_store(Settings(store=f"sqlite:///{file}"), clock or SystemClock(), Telemetry())
        assert isinstance(store, SQLiteStore)
        opened.append(store)
        await store.open()
        return store

    yield open_one
    for store in opened:
        await store.close()
