"""How ended runs are recorded: many at once, and what goes wrong with one is no other's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Job
from coatcheck.domain.claim import Claim
from coatcheck.domain.outcome import Completed, Outcome
from coatcheck.domain.state import Status
from coatcheck.testing.signals import Flag
from coatcheck.worker import settler
from tests.worker.site import Site, opened

Endings = Sequence[tuple[Claim, Outcome]]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, concurrency=50) as site:
        yield site


class Gate:
    """Keeps the store from settling the first time, until it is told; and counts what it is given each time."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self._settle_all = site.store.settle_all
        self.given: list[Endings] = []
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(site.store, "settle_all", self._settle)

    async def _settle(self, endings: Endings) -> Any:
        self.given.append(endings)
        self.reached.set()
        await self.open.wait()
        return await self._settle_all(endings)


async def test_what_ends_while_others_are_settled_is_settled_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(site, monkeypatch)

    @site.jobs.operation("/echo")
    async def echo(number: int) -> int:
        return number

    first = await echo.submit(0)
    worker = await site.work()
    await gate.reached.wait()
    others = [await echo.submit(number) for number in range(1, 21)]
    while sum(run.ended for run in worker._runs.values()) < 21:
        await site.jobs.wiring.clock.sleep(0)  # a turn of the loop, no time
    gate.open.set()
    assert [await handle.result() for handle in (first, *others)] == list(range(21))
    assert [len(endings) for endings in gate.given] == [1, 20]


async def test_results_that_are_large_together_are_settled_apart(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no statement grows beyond what a connection bears."""
    monkeypatch.setattr(settler, "MOST_BYTES", 1000)
    gate = Gate(site, monkeypatch)

    @site.jobs.operation("/echo")
    async def echo(size: int) -> str:
        return "x" * size

    handles = [await echo.submit(0)]
    worker = await site.work()
    await gate.reached.wait()
    handles += [await echo.submit(600) for _ in range(5)]
    while sum(run.ended for run in worker._runs.values()) < 6:
        await site.jobs.wiring.clock.sleep(0)
    gate.open.set()
    assert [len(await handle.result()) for handle in handles] == [0, *[600] * 5]
    assert [len(endings) for endings in gate.given] == [1, 2, 2, 1]


@pytest.mark.parametrize("hopeless", [False, True])
async def test_one_that_cannot_be_recorded_keeps_no_other_from_it(site: Site, monkeypatch: pytest.MonkeyPatch, *, hopeless: bool) -> None:
    """It fails; where not even that can be recorded, it is let go, and its lease runs out."""
    settle_all = site.store.settle_all

    async def refuse_the_third(endings: Endings) -> Any:
        for claim, outcome in endings:
            if claim.job_id == handles[3].id and (hopeless or isinstance(outcome, Completed)):
                raise TypeError("cannot be bound")
        return await settle_all(endings)

    monkeypatch.setattr(site.store, "settle_all", refuse_the_third)

    @site.jobs.operation("/echo")
    async def echo(number: int) -> int:
        return number

    handles = [await echo.submit(number) for number in range(6)]
    worker = await site.work()
    assert [await handle.result() for handle in handles if handle is not handles[3]] == [0, 1, 2, 4, 5]
    if hopeless:
        await site.signals.told("service.failed", count=2)
        assert await handles[3].status() is Status.RUNNING
        assert handles[3].id not in worker._runs
    else:
        assert "could not be recorded: cannot be bound" in ((await site.failure(handles[3])).detail or "")
    assert await (await echo.submit(6)).result() == 6


async def test_a_run_whose_words_are_still_being_stored_holds_up_no_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    report, held, go_on = site.store.report, Flag(), asyncio.Event()

    async def hold_up(*arguments: Any) -> Any:
        held.raise_()
        await go_on.wait()
        return await report(*arguments)

    monkeypatch.setattr(site.store, "report", hold_up)

    @site.jobs.operation("/talk")
    async def talk(job: Job) -> str:
        job.progress(message="the last word")
        return "done"

    @site.jobs.operation("/echo")
    async def echo(number: int) -> int:
        return number

    talking = await talk.submit()
    await site.work()
    await held.raised()
    assert await (await echo.submit(7)).result() == 7
    assert await talking.status() is Status.RUNNING
    go_on.set()
    assert await talking.result() == "done"
    assert (await talking.job()).progress.message == "the last word"


async def test_words_that_cannot_be_stored_fail_the_run(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> Any:
        raise TypeError("cannot be bound")

    monkeypatch.setattr(site.store, "report", refuse)

    @site.jobs.operation("/talk")
    async def talk(job: Job) -> str:
        job.progress(message="the last word")
        return "done"

    handle = await talk.submit()
    await site.work()
    assert "could not be recorded: cannot be bound" in ((await site.failure(handle)).detail or "")
