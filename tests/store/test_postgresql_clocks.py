"""Hosts whose clocks are not the server's."""

import psycopg
import pytest

from coatcheck.clock import BootTime, SystemClock
from coatcheck.settings import Settings
from coatcheck.store.postgres.store import PostgresStore
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import COMPLETED, queued, running


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


class _DayAhead(SystemClock):
    """A host that somebody has set wrong."""

    def now(self) -> float:
        return super().now() + 86_400

    def boot(self) -> BootTime:
        return super().boot()._replace(seconds=super().boot().seconds + 86_400)


async def test_a_host_whose_clocks_are_wrong_changes_no_moment_and_no_lease(open_store: OpenStore, store_url: str) -> None:
    """F41: all that is stored is told by the server's clock."""
    store, other = await open_store(clock=_DayAhead()), await open_store()
    with psycopg.connect(store_url, autocommit=True) as db:
        sql = "SELECT extract(epoch FROM clock_timestamp())::float8"
        [before] = db.execute(sql).fetchone() or [0]
        job = await queued(store)
        [after] = db.execute(sql).fetchone() or [0]
    assert before <= job.created_at <= after
    claim = await running(other, operation="invoice")
    assert await store.rescue() == []
    assert await other.settle(claim, COMPLETED) is not None
    assert (await store.prune()).jobs == 0


class _Changed(SystemClock):
    """A clock that somebody sets."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


async def test_clocks_that_differ_are_told_once_each_time(store_url: str) -> None:
    """F42: found when a store is opened, and whenever somebody asks whether it is ready."""
    told: list[object] = []
    clock, telemetry = _Changed(), Telemetry()
    telemetry.subscribe(lambda event, facts: told.append((event, round(facts["seconds"], -1))))
    store = PostgresStore(Settings(store=store_url), clock, telemetry)
    clock.ahead = 60.0
    await store.open()
    for ahead in (60.0, 0.0, 0.0, -60.0, -60.0):
        clock.ahead = ahead
        await store.ping()
    await store.close()
    assert told == [("store.clock_differs", -60.0), ("store.clock_differs", 60.0)]
