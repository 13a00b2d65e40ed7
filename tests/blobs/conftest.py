"""Each kind of collection of blobs, for the tests of what all must do."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coatcheck.blobs.contract import Blobs
from coatcheck.clock import Clock, SystemClock
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs, open_store
from coatcheck.telemetry import Telemetry

OpenBlobs = Callable[..., Blobs]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Those of a store that is there, beside which, or in which, blobs are kept."""
    url = f"sqlite:///{tmp_path / 'coatcheck.db'}" if request.param == "sqlite" else request.getfixturevalue("database_url")
    settings = Settings(store=url)
    asyncio.run(_make(settings))
    return settings


@pytest.fixture
def open_some(settings: Settings) -> Iterator[OpenBlobs]:
    """Another handle on the same blobs, as another process has."""
    opened: list[Blobs] = []

    def open_one(clock: Clock | None = None) -> Blobs:
        opened.append(open_blobs(settings, clock or SystemClock()))
        return opened[-1]

    yield open_one
    for blobs in opened:
        blobs.close()


@pytest.fixture
def blobs(open_some: OpenBlobs) -> Blobs:
    return open_some()


async def _make(settings: Settings) -> None:
    store = open_store(settings, SystemClock(), Telemetry())
    await store.open()
    await store.close()
