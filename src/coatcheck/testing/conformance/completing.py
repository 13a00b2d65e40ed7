"""A completion together with what the job's function writes: both, once, or neither."""

from typing import Any

import pytest

from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.store.contract import Store
from coatcheck.store.undone import Undone
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import COMPLETED, LEASE, OPERATION, OWNER, RELEASED, RESULT, WORKER, history, present, running


class Shop:
    """A table of the user's in the database of the jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self) -> None:
        await self._do("CREATE TABLE effects (id TEXT)")

    def write(self, connection: Any) -> Result:
        """What a function does."""
        connection.execute("INSERT INTO effects VALUES ('effect')")
        return RESULT

    async def effects(self) -> int:
        """How often it was done."""
        [(count,)] = await self._do("SELECT count(*) FROM effects")
        return int(count)

    async def _do(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []

        def run(connection: Any) -> Result:
            cursor = connection.execute(sql)
            rows[:] = cursor.fetchall() if sql.startswith("SELECT") else []
            return RESULT

        claim = await running(self._store, operation="effects")
        assert await self._store.complete(claim, run)
        return rows


class Completing(Handles):
    """`complete`."""

    @pytest.fixture
    async def shop(self, store: Store) -> Shop:
        shop = Shop(store)
        await shop.open()
        return shop

    async def test_the_effects_and_the_completion_are_one(self, store: Store, shop: Shop) -> None:
        claim = await running(store)
        job = await store.complete(claim, shop.write)
        assert job is not None
        assert (job.status, job.result, await shop.effects()) == (Status.COMPLETED, RESULT, 1)
        assert await store.result(claim.job_id, OWNER) == RESULT
        assert await history(store, claim.job_id) == ["accepted", "started", "completed"]

    async def test_what_comes_late_is_rolled_back(self, store: Store, clock: FakeClock, shop: Shop) -> None:
        """A zombie's: of a worker of the same name, so that the fence alone tells them apart."""
        old = await running(store)
        clock.advance(LEASE)
        await store.rescue()
        [new] = await store.claim(WORKER, [OPERATION], 1)
        assert await store.complete(old, shop.write) is None
        assert await shop.effects() == 0
        assert await store.complete(new, shop.write) is not None
        assert await store.complete(new, shop.write) is None
        assert await store.settle(new, RELEASED) is None
        assert await shop.effects() == 1

    async def test_nothing_is_done_for_a_job_that_was_settled(self, store: Store, shop: Shop) -> None:
        claim = await running(store)
        await store.settle(claim, COMPLETED)
        assert await store.complete(claim, shop.write) is None
        assert await shop.effects() == 0

    async def test_it_comes_before_a_cancel_that_was_asked_for(self, store: Store, shop: Shop) -> None:
        claim = await running(store)
        await store.cancel(claim.job_id, OWNER, actor=OWNER)
        job = await store.complete(claim, shop.write)
        assert job is not None
        assert (job.status, await shop.effects()) == (Status.COMPLETED, 1)

    @pytest.mark.parametrize("error", [OSError("disk"), TimeoutError(), KeyboardInterrupt(), ValueError("no such month")])
    async def test_what_raises_is_rolled_back(self, store: Store, shop: Shop, error: BaseException) -> None:
        """Whatever it is, it is the function's, and no other's who writes."""

        def fail(connection: Any) -> Result:
            shop.write(connection)
            raise error

        claim = await running(store)
        with pytest.raises(Undone) as undone:
            await store.complete(claim, fail)
        assert undone.value.error is error
        assert (await present(store, claim.job_id)).status is Status.RUNNING
        assert await shop.effects() == 0
        assert await store.complete(claim, shop.write) is not None

    @pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
    async def test_the_function_cannot_end_the_transaction(self, store: Store, shop: Shop, ending: str) -> None:
        def end(connection: Any) -> Result:
            connection.execute(ending)
            return RESULT

        claim = await running(store)
        with pytest.raises(Undone):
            await store.complete(claim, end)
        assert (await present(store, claim.job_id)).status is Status.RUNNING
        assert await store.complete(claim, shop.write) is not None
