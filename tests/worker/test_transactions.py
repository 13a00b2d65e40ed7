"""`job.transaction`: what a function writes, and that its job is completed, are one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from coatcheck import Job, failpoints
from coatcheck.domain.event import EventType
from coatcheck.domain.outcome import Released
from coatcheck.domain.state import Status
from coatcheck.testing.conformance.scenario import running
from coatcheck.testing.harness import eventually
from coatcheck.testing.signals import Flag
from coatcheck.worker.heartbeat import Heartbeat
from coatcheck.worker.reporter import Reporter
from coatcheck.worker.run import ActiveRun, Interruption
from tests.worker.site import Site, opened, service_of


class Till:
    """A table of the user's, in the database of the jobs."""

    def __init__(self, connect: Any) -> None:
        self._connect = connect
        with closing(connect()) as db:
            db.execute("CREATE TABLE payments (amount INTEGER)")

    def payments(self) -> list[int]:
        with closing(self._connect()) as db:
            return [amount for (amount,) in db.execute("SELECT amount FROM payments").fetchall()]


def pay(amount: int) -> Callable[[Any], int]:
    def write(connection: Any) -> int:
        connection.execute(f"INSERT INTO payments VALUES ({amount})")  # noqa: S608  a number of ours
        return amount

    return write


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/jobs.db"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
async def site(tmp_path: Path, store_url: str) -> AsyncIterator[Site]:
    async with opened(tmp_path, store=store_url) as site:
        yield site


@pytest.fixture
def till(site: Site, store_url: str) -> Till:
    if store_url.startswith("sqlite"):
        return Till(lambda: apsw.Connection(store_url.removeprefix("sqlite:///")))
    return Till(lambda: psycopg.connect(store_url, autocommit=True))


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_the_job_is_completed_with_what_was_returned_inside(site: Site, till: Till, kind: str) -> None:
    """And with what was said before. What is said, raised or returned afterwards changes nothing."""
    if kind == "def":

        @site.jobs.operation("/pay")
        def operation(amount: int, job: Job) -> int:
            job.log("paying")
            paid = job.transaction(pay(amount))
            job.log("too late")
            raise RuntimeError(paid.value)
    else:

        @site.jobs.operation("/pay")
        async def operation(amount: int, job: Job) -> int:
            job.log("paying")
            paid = await job.transaction(pay(amount))
            job.log("too late")
            raise RuntimeError(paid.value)

    handle = await operation.submit(5)
    await site.work()
    assert await handle.result() == 5
    assert await site.signals.told("job.completed", job=handle.id)
    assert till.payments() == [5]
    kinds = [event.type for event in await site.events(handle)]
    assert kinds == [EventType.ACCEPTED, EventType.STARTED, EventType.LOG, EventType.COMPLETED]
    await site.workers[0].stop()
    assert site.signals.all("job.late_write") == []


async def test_what_raises_inside_is_rolled_back_and_raised(site: Site, till: Till) -> None:
    @site.jobs.operation("/pay")
    async def operation(job: Job) -> str:
        def fail(connection: Any) -> None:
            pay(1)(connection)
            raise LookupError("no such account")

        with pytest.raises(LookupError, match="no such account"):
            await job.transaction(fail)
        with pytest.raises((apsw.SQLError, psycopg.errors.SyntaxError)):
            await job.transaction(lambda connection: connection.execute("PAY"))
        return "gave up"

    handle = await operation.submit()
    await site.work()
    assert await handle.result() == "gave up"
    assert till.payments() == []


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_server_that_allows_no_pause_in_a_transaction_is_obeyed(site: Site, till: Till, store_url: str) -> None:
    """`idle_in_transaction_session_timeout`: it would cut off each further try as well."""

    @site.jobs.operation("/pay")
    async def operation(job: Job) -> str:
        def dawdle(connection: Any) -> None:
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
            pid = connection.info.backend_pid
            with psycopg.connect(store_url, autocommit=True) as other:
                eventually(lambda: not other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchall())

        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            await job.transaction(dawdle)
        return "gave up"

    handle = await operation.submit()
    await site.work()
    assert await handle.result() == "gave up"


async def test_a_value_that_cannot_be_stored_fails_the_job_and_is_rolled_back(site: Site, till: Till) -> None:
    @site.jobs.operation("/pay", retries=3)
    def operation(job: Job) -> None:
        _ = job.transaction(lambda connection: pay(1)(connection) and object())

    handle = await operation.submit()
    await site.work()
    assert (await site.failure(handle)).kind == "result-not-serialisable"
    assert till.payments() == []


async def test_there_is_one_a_job(site: Site, till: Till) -> None:
    refused: list[str] = []

    @site.jobs.operation("/pay")
    def operation(job: Job) -> int:
        _ = job.transaction(pay(1))
        try:
            _ = job.transaction(pay(2))
        except RuntimeError as error:
            refused.append(str(error))
        return 0

    handle = await operation.submit()
    await site.work()
    await handle.result()
    await site.workers[0].stop()
    assert till.payments() == [1]
    assert "there is one" in refused[0]


async def test_it_has_to_be_awaited_before_its_value_is_there(site: Site, till: Till) -> None:
    @site.jobs.operation("/pay")
    async def operation(job: Job) -> int:
        transaction = job.transaction(pay(1))
        with pytest.raises(RuntimeError, match="await job"):
            _ = transaction.value
        assert till.payments() == []
        await transaction
        return 0  # which nobody looks at

    handle = await operation.submit()
    await site.work()
    assert await handle.result() == 1


async def test_a_claim_that_was_lost_writes_nothing_and_ends_the_run(site: Site, till: Till) -> None:
    """A zombie's: its job was given back behind it. The attempt that follows writes, once."""
    first, go_on = threading.Event(), threading.Event()

    @site.jobs.operation("/pay")
    def operation(job: Job) -> int:
        if job.attempt == 1:
            first.set()
            go_on.wait(30)
        return job.transaction(pay(job.attempt)).value

    handle = await operation.submit()
    worker = await site.work()
    await asyncio.to_thread(first.wait, 30)
    [run] = worker._runs.values()
    assert await site.store.settle(run.claim, Released("taken away"))
    go_on.set()
    assert await handle.result() == 2
    assert till.payments() == [2]


async def test_a_cancel_that_comes_meanwhile_finds_the_job_completed(site: Site, till: Till) -> None:
    inside, go_on = threading.Event(), threading.Event()
    left_when_it_had_ended: list[bool] = []

    @site.jobs.operation("/pay")
    async def operation(job: Job) -> int:
        def write(connection: Any) -> int:
            inside.set()
            go_on.wait(30)
            return pay(1)(connection)

        try:
            return (await job.transaction(write)).value
        finally:
            left_when_it_had_ended.append(go_on.is_set())

    def go_on_after(turns: int) -> None:
        loop.call_soon(go_on_after, turns - 1) if turns else go_on.set()

    handle = await operation.submit()
    worker = await site.work()
    loop = worker._runners._loop
    await asyncio.to_thread(inside.wait, 30)
    [run] = worker._runs.values()
    run.interrupt(Interruption.CANCELLED)
    loop.call_soon_threadsafe(go_on_after, 5)  # turns of the function's loop, in which the cancel arrives
    assert await handle.result() == 1
    assert await site.signals.told("job.completed", job=handle.id)
    assert till.payments() == [1]
    assert left_when_it_had_ended == [True]


async def test_a_run_that_was_told_to_end_begins_none(site: Site, till: Till) -> None:
    entered, go_on = threading.Event(), threading.Event()

    @site.jobs.operation("/pay")
    def operation(job: Job) -> None:
        entered.set()
        go_on.wait(30)
        _ = job.transaction(pay(1))

    handle = await operation.submit()
    worker = await site.work()
    await asyncio.to_thread(entered.wait, 30)
    await handle.cancel()
    await worker._obey_cancels()
    go_on.set()
    assert (await site.ended(handle)).status is Status.CANCELLED
    assert till.payments() == []


@pytest.mark.parametrize("point", ["settle.before_commit", "settle.after_commit"])
async def test_where_the_answer_is_lost_it_is_done_once_all_the_same(site: Site, till: Till, point: str) -> None:
    """The first try is either rolled back or committed, and nobody knows which."""
    tries: list[int] = []

    @site.jobs.operation("/pay")
    async def operation(job: Job) -> int:
        def write(connection: Any) -> int:
            tries.append(job.attempt)
            return pay(1)(connection)

        return (await job.transaction(write)).value

    handle = await operation.submit()
    failpoints.arm(f"{point}=oserror")
    await site.work()
    assert await site.signals.told("job.completed", job=handle.id)
    assert await handle.result() == 1
    assert set(tries) == {1}
    assert len(tries) >= 2
    assert till.payments() == [1]


async def test_what_happens_between_the_completion_and_the_end_is_no_late_write(site: Site, till: Till) -> None:
    """A heartbeat may find the job completed before its own worker has heard of it."""
    done, go_on = Flag(), asyncio.Event()
    seen: list[str] = []

    @site.jobs.operation("/pay")
    async def operation(job: Job) -> None:
        await job.transaction(pay(1))
        job.log("too late")
        done.raise_()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(go_on.wait(), loop))
        seen.append("went on to its end")

    loop = asyncio.get_running_loop()
    handle = await operation.submit()
    worker = await site.work()
    await done.raised()
    await service_of(worker, Heartbeat).turn()
    await service_of(worker, Reporter).turn()
    go_on.set()
    assert await site.signals.told("job.completed", job=handle.id)
    assert site.signals.all("job.late_write") == []
    assert seen == ["went on to its end"]


async def test_the_worker_stops_over_a_function_that_has_completed_its_job(site: Site, till: Till) -> None:
    done, go_on = Flag(), threading.Event()

    @site.jobs.operation("/pay")
    def operation(job: Job) -> None:
        _ = job.transaction(pay(1))
        done.raise_()
        go_on.wait(30)

    handle = await operation.submit()
    worker = await site.work()
    await done.raised()
    await worker.stop(grace=0)
    go_on.set()
    assert await site.signals.told("job.completed", job=handle.id)
    assert site.signals.all("job.late_write") == []
    assert till.payments() == [1]


async def test_a_process_of_its_own_has_none(site: Site) -> None:
    """It has no connection to the store, and says so, instead of doing less than it promises."""
    run = ActiveRun(await running(site.store), site.jobs.workshop.clock, grace=1.0)
    with pytest.raises(RuntimeError, match="register the operation without isolation='process'"):
        await Job(run).transaction(pay(1))
