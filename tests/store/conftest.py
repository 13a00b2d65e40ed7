"""Databases of a test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coatcheck.clock import Clock, SystemClock
from coatcheck.settings import Settings
from coatcheck.store.open import AnyStore
from coatcheck.store.open import open_store as make_store
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance import OpenStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "coatcheck.db"


@pytest.fixture
def store_url(file: Path) -> str:
    """Where the test's store is; SQLite unless a test says otherwise."""
    return f"sqlite:///{file}"


@pytest.fixture
async def open_store(store_url: str) -> AsyncIterator[OpenStore]:
    opened: list[AnyStore] = []

    async def open_one(clock: Clock | None = None, **settings: object) -> AnyStore:
        store = make_store(Settings(**{"store": store_url} | settings), clock or SystemClock(), Telemetry())  # type: ignore[arg-type]
        opened.append(store)
        await store.open()
        return store

    yield open_one
    for store in opened:
        await store.close()
