"""Producers that wait for room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from coatcheck.app import Coatcheck
from coatcheck.bound import BoundOperation
from coatcheck.clock import SystemClock
from coatcheck.domain.job import Submission
from coatcheck.domain.outcome import Completed
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError, NoRoom, QueueFull, TooManyJobs
from coatcheck.store.contract import Listing, Store, Submitted
from coatcheck.testing.conformance.scenario import RESULT

Operation = BoundOperation[[int], int, [int], int]


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[tuple[Operation, Store]]:
    jobs = Coatcheck(store=url, **settings)

    @jobs.operation("/numbers", queue_bound=5, max_in_flight=8)
    def number(n: int) -> int:
        return n

    async with jobs.opened() as wiring:
        yield number, wiring.store


async def work_through(store: Store, jobs: int) -> list[int]:
    """Run so many jobs; their arguments, in order."""
    done: list[int] = []
    while len(done) < jobs:
        claims = await store.claim("w", ["number"], min(5, jobs - len(done)))
        done += [int(claim.arguments.partition(b":")[2].strip(b"} ")) for claim in claims]
        await asyncio.gather(*(store.settle(claim, Completed(RESULT)) for claim in claims))
        await SystemClock().sleep(0)
    return done


class Door:
    """What a store is asked to let in."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tried: list[str] = []
        self._submit, self._answered = store.submit, asyncio.Event()
        monkeypatch.setattr(store, "submit", self.submit)

    async def submit(self, submission: Submission, within: object = None) -> Submitted:
        try:
            return await self._submit(submission, within)
        finally:
            self.tried.append(submission.id)
            self._answered.set()

    async def seen(self, producers: int) -> None:
        """So many have tried, and those for whom there was no room stand in line."""
        while len(set(self.tried)) < producers:
            self._answered.clear()
            await self._answered.wait()
        await SystemClock().sleep(0)


async def test_a_thousand_producers_get_in_as_there_is_room(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, and those of an owner in the order in which they came."""
    async with opened(empty_store) as (number, store):
        door = Door(store, monkeypatch)
        for n in range(5):
            await number.options(owner="first").submit(n)
        producers = [asyncio.ensure_future(number.options(wait_for_room=600, owner=f"{n % 3}").submit(n)) for n in range(1_000)]
        await door.seen(1_005)
        done = (await work_through(store, 1_005))[5:]
        assert len({handle.id for handle in await asyncio.gather(*producers)}) == 1_000
        assert sorted(done) == list(range(1_000))
        for owner in range(3):
            own = [n for n in done if n % 3 == owner]
            assert own == sorted(own)


async def test_only_the_first_in_line_asks(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait, a hint costs one look."""
    async with opened(empty_store, poll_interval=3600) as (number, store):
        door = Door(store, monkeypatch)
        for n in range(5):
            await number.submit(n)
        producers = [asyncio.ensure_future(number.options(wait_for_room=600).submit(n)) for n in range(100)]
        await door.seen(105)
        door.tried.clear()
        assert len(await work_through(store, 10)) == 10
        assert len(door.tried) <= 60
        for producer in producers:
            producer.cancel()
        await asyncio.gather(*producers, return_exceptions=True)


async def test_who_waited_in_vain_is_told_how_long(empty_store: str) -> None:
    async with opened(empty_store) as (number, _):
        for n in range(5):
            await number.submit(n)
        waiting = number.options(wait_for_room=0.05)
        answers = await asyncio.gather(*(waiting.submit(n) for n in range(20)), return_exceptions=True)
        assert all(isinstance(answer, QueueFull) and "no room within 0.05 seconds" in str(answer) for answer in answers), answers
        assert all(isinstance(answer, NoRoom) and answer.retry_after for answer in answers)


async def test_room_for_an_owner_s_jobs_is_waited_for_likewise(empty_store: str) -> None:
    """And nobody else waits behind it."""
    async with opened(empty_store) as (number, store):
        for n in range(8):
            await number.submit(n)
            if n < 4:
                await store.claim("held", ["number"], 1)
        with pytest.raises(TooManyJobs, match=r"8 jobs of 'number' waiting or running already.*no room within"):
            await number.options(wait_for_room=0.05).submit(99)
        waiting = asyncio.ensure_future(number.options(wait_for_room=600).submit(8))
        await number.options(wait_for_room=600, owner="bob").submit(100)
        for job in await store.list(SYSTEM, Listing(statuses=frozenset({Status.QUEUED}))):
            await store.cancel(job.id, SYSTEM, actor="test")
        await waiting


async def test_a_producer_that_gives_up_leaves_the_line(empty_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(empty_store) as (number, store):
        for n in range(5):
            await number.submit(n)
        door = Door(store, monkeypatch)
        first, second = (asyncio.ensure_future(number.options(wait_for_room=600).submit(n)) for n in (5, 6))
        await door.seen(2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await work_through(store, 6) == [0, 1, 2, 3, 4, 6]
        await second


async def test_nobody_waits_in_a_transaction_of_their_own(empty_store: str) -> None:
    async with opened(empty_store) as (number, _):
        with pytest.raises(ConfigurationError, match="a transaction would stay open"):
            number.options(connection=psycopg.Connection, wait_for_room=1)
