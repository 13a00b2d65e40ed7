"""Servers that crash, connections that are lost, and ways that lead nowhere."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from psycopg.pq import ExecStatus

from coatcheck import failpoints
from coatcheck.bell import Bell
from coatcheck.clock import SystemClock
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.progress import Progress
from coatcheck.domain.state import Status
from coatcheck.errors import StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.contract import Listing, LogEntry, Store
from coatcheck.store.open import open_store as make_store
from coatcheck.store.postgres import pool
from coatcheck.store.postgres.store import PostgresStore
from coatcheck.store.postgres.watch import Watch
from coatcheck.telemetry import Telemetry
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, OWNER, WORKER, history, queued, running, submission
from coatcheck.testing.postgresql import Server

T = TypeVar("T")


@pytest.fixture
def store_url(database_url: str) -> str:
    return database_url


@pytest.fixture
def server(postgresql_server: str) -> Iterator[Server]:
    """One that may be crashed; there where the shared one is."""
    own = Server.create(Path(tempfile.gettempdir()), durable=True)
    own.start()
    yield own
    own.remove()


@pytest.fixture
async def frail(server: Server) -> AsyncIterator[Store]:
    """A store on it."""
    store = make_store(Settings(store=server.url, lease=2.0), SystemClock(), Telemetry())
    await store.open()
    yield store
    await store.close()


async def _insist(act: Callable[[], Awaitable[T]]) -> T:
    """What `act` returns once the store is there."""
    pause = Bell()
    while True:
        try:
            return await act()
        except StoreUnavailable:
            await pause.rung(0.02)


async def _until(there: Callable[[], bool]) -> None:
    pause = Bell()
    while not there():
        await pause.rung(0.01)


def _more(found: Sequence[object], than: int) -> bool:
    return len(found) > than


def _ring(loop: asyncio.AbstractEventLoop, heard: asyncio.Event) -> None:
    loop.call_soon_threadsafe(heard.set)


def _backends(url: str) -> list[tuple[int, str]]:
    """Pid and last statement of each connection of ours."""
    with psycopg.connect(url) as db:
        return db.execute(
            "SELECT pid, query FROM pg_stat_activity WHERE application_name = 'coatcheck' AND datname = current_database() ORDER BY pid"
        ).fetchall()


def _waiting(url: str, word: str) -> list[int]:
    """Pids of connections that wait for a lock in a statement with `word` in it."""
    with psycopg.connect(url) as db:
        sql = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, %s) > 0 AND datname = current_database()"
        return [pid for (pid,) in db.execute(sql, [word]).fetchall()]


def _terminate(url: str, *, listeners: bool = False) -> int:
    found = [pid for pid, query in _backends(url) if not listeners or query.startswith("LISTEN")]
    with psycopg.connect(url, autocommit=True) as db:
        for pid in found:
            db.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    return len(found)


async def test_a_server_that_crashes_again_and_again_loses_nothing(server: Server, frail: Store) -> None:
    """F16: three immediate restarts under load. What was accepted ends once; what was lost on the way is taken back."""
    accepted: list[str] = []
    crashes = 3

    async def submit() -> None:
        while crashes:
            accepted.append((await _insist(lambda: frail.submit(submission(queue_bound=100_000)))).job.id)

    async def work(worker: str) -> None:
        while crashes or any(depth.queued or depth.running for depth in (await _insist(frail.depths)).values()):  # type: ignore[attr-defined]
            for claim in await _insist(lambda: frail.claim(worker, [OPERATION], 10)):
                await _insist(partial(frail.settle, claim, COMPLETED))
            await _insist(frail.rescue)

    tasks = [asyncio.create_task(task) for task in (submit(), submit(), work("worker-1"), work("worker-2"))]
    while crashes:
        await _until(partial(_more, accepted, len(accepted) + 50))
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.to_thread(server.start)
        crashes -= 1
    await asyncio.gather(*tasks)
    assert len(set(accepted)) == len(accepted) >= 150
    for job_id in accepted:
        events = await history(frail, job_id)
        assert events[0] == "accepted"
        assert events[-1] == "completed"
        assert events.count("completed") == 1


async def test_a_server_that_is_down_refuses_at_once_and_is_used_again_when_it_is_back(server: Server, frail: Store) -> None:
    """F17: no verb hangs, none promises, and nothing has to be restarted."""
    job = await queued(frail)
    await asyncio.to_thread(server.stop)
    refused = await asyncio.gather(*(frail.submit(submission()) for _ in range(50)), return_exceptions=True)
    assert {type(answer) for answer in refused} == {StoreUnavailable}
    for verb in (
        frail.get(job.id, OWNER),
        frail.claim(WORKER, [OPERATION], 1),
        frail.heartbeat(WORKER, {job.id: 1}),
        frail.keep(WORKER),
        frail.ping(),
        frail.cancel(job.id, OWNER, actor=OWNER),
    ):
        with pytest.raises(StoreUnavailable, match="is unavailable: ") as unavailable:
            await verb
        assert unavailable.value.retry_after is not None
    await asyncio.to_thread(server.start)
    [claim] = await _insist(lambda: frail.claim(WORKER, [OPERATION], 10))
    assert claim.job_id == job.id
    assert await frail.keep(WORKER) == 1


async def test_connections_that_died_while_idle_are_not_used(open_store: OpenStore, store_url: str) -> None:
    """As after a restart of the server between two requests: nobody notices."""
    store = await open_store()
    job = await queued(store)
    await store.keep(WORKER)
    assert _terminate(store_url) >= 2
    assert await store.keep(WORKER) == 0
    assert await store.get(job.id, OWNER) == job
    assert (await queued(store)).version == 1


async def test_a_listener_that_was_cut_off_listens_again(open_store: OpenStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """F18: it hints as soon as it is back, since nobody knows what it missed."""
    monkeypatch.setattr("coatcheck.store.postgres.watch.RECONNECT", 0.01)
    store, other = await open_store(), await open_store()
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    store.listen(partial(_ring, loop, heard))
    await heard.wait()
    heard.clear()
    assert await asyncio.to_thread(_terminate, store_url, listeners=True) >= 1
    await heard.wait()
    heard.clear()
    await queued(other)
    await heard.wait()


async def test_progress_and_heartbeats_tell_nobody(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notifications take a lock that all commits share: none comes of what happens all the time."""
    store = await open_store()
    claim = await running(store)
    rung: list[None] = []
    monkeypatch.setattr(Watch, "ring", lambda _: rung.append(None))
    await store.report(claim, Progress(percent=1), [LogEntry("info", "line", 0.0)])
    await store.checkpoint(claim, b"{}")
    await store.heartbeat(WORKER, {claim.job_id: claim.fence})
    await store.keep(WORKER)
    await store.claim(WORKER, [OPERATION], 1)
    assert rung == []
    await store.settle(claim, COMPLETED)
    assert rung == [None]


async def test_many_changes_are_told_at_once(open_store: OpenStore, store_url: str) -> None:
    store = await open_store()
    with psycopg.connect(store_url, autocommit=True) as ear:
        ear.execute('LISTEN "coatcheck:coatcheck"')
        for _ in range(10):
            await asyncio.gather(*(queued(store) for _ in range(20)))
        said = list(ear.notifies(timeout=10, stop_after=1)) + list(ear.notifies(timeout=0))
    assert 1 <= len(said) < 50


async def test_behind_a_pooler_nothing_depends_on_a_session(store_url: str) -> None:
    """F29: each transaction may meet another session, which knows nothing of the last one's."""
    store = PostgresStore(Settings(store=store_url, pooler=True), SystemClock(), Telemetry())
    await store.open()
    heard: list[None] = []
    store.listen(lambda: heard.append(None))
    for _ in range(3):
        claim = await running(store)
        assert await store.report(claim, Progress(percent=1))
        assert await store.keep(WORKER) == 1
        assert await store.settle(claim, COMPLETED) is not None
        for db in (*store._db.requests._idle, *store._db.leases._idle):
            assert db.pgconn.exec_(b"DISCARD ALL").status == ExecStatus.COMMAND_OK
    assert heard  # of what this process does
    assert not any(query.startswith("LISTEN") for _, query in _backends(store_url))
    await store.close()


async def test_leases_are_kept_though_all_connections_for_requests_are_taken(
    open_store: OpenStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: requests are turned away after a while, heartbeats go on."""
    monkeypatch.setattr(pool, "PATIENCE", 0.05)
    store = await open_store(connections=2)
    claims = [await running(store) for _ in range(2)]
    with psycopg.connect(store_url) as blocker:
        blocker.execute("LOCK TABLE coatcheck.events")
        slow = [asyncio.create_task(store.events(claim.job_id, OWNER)) for claim in claims]
        await _until(lambda: len(_waiting(store_url, "coatcheck")) == 2)
        with pytest.raises(StoreUnavailable, match="all 2 connections of this process are in use"):
            await store.get(claims[0].job_id, OWNER)
        assert await store.keep(WORKER) == 2
        blocker.rollback()
    assert [len(events) for events in await asyncio.gather(*slow)] == [2, 2]


async def test_a_call_that_gets_no_answer_ends(open_store: OpenStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """F19: the server's process is frozen, as if the packets vanished. The call is given up, and the next one is served."""
    store = await open_store()
    job = await queued(store)
    frozen = [pid for pid, query in _backends(store_url) if not query.startswith(("LISTEN", "SELECT pg_notify"))]
    monkeypatch.setattr(pool, "DEADLINE", 0.2)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable):
            await store.get(job.id, OWNER)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    monkeypatch.undo()
    assert await store.get(job.id, OWNER) == job


async def test_an_answer_that_is_lost_on_the_way_leaves_one_job(open_store: OpenStore, store_url: str) -> None:
    """F21: the connection ends under a statement that goes on in the server; the store asks again under the same id."""
    store = await open_store()
    await queued(store)
    request = submission()
    with psycopg.connect(store_url) as blocker:
        blocker.execute("LOCK TABLE coatcheck.events")
        task = asyncio.create_task(store.submit(request))
        await _until(lambda: bool(_waiting(store_url, "job_numbers")))
        with psycopg.connect(store_url, autocommit=True) as db:
            db.execute("SELECT pg_terminate_backend(%s)", _waiting(store_url, "job_numbers"))
        blocker.rollback()
    assert (await task).job.id == request.id
    assert [job.id for job in await store.list(SYSTEM, Listing())].count(request.id) == 1
    assert await history(store, request.id) == ["accepted"]


async def test_a_claim_that_was_made_and_never_arrived_is_given_back(open_store: OpenStore) -> None:
    """F21: the supervisor would keep its lease for ever. No retry is burnt, and what the worker does hold stays with it."""
    store, supervisor = await open_store(), await open_store()
    known = await running(store)
    lost = [await queued(store) for _ in range(3)]
    failpoints.arm("claim.after_commit=oserror")
    with pytest.raises(StoreUnavailable):
        await store.claim(WORKER, [OPERATION], 2)
    assert await supervisor.keep(WORKER) == 3
    claims = await store.claim(WORKER, [OPERATION], 5)
    assert {claim.job_id for claim in claims} == {job.id for job in lost}
    assert [(claim.job.failures, claim.job.crashes) for claim in claims] == [(0, 0)] * 3
    assert await history(store, known.job_id) == ["accepted", "started"]
    assert await history(store, lost[0].id) == ["accepted", "started", "released", "started"]
    assert await store.settle(known, COMPLETED) is not None


async def test_what_a_frozen_worker_writes_late_lands_nowhere(open_store: OpenStore) -> None:
    """Leases end by the server's clock; the fence does the rest."""
    store, other = await open_store(lease=0.05), await open_store()
    late = await running(store)
    rescued: Sequence[JobRecord] = []
    while not rescued:
        rescued = await other.rescue()
    assert [job.status for job in rescued] == [Status.QUEUED]
    [claim] = await other.claim("worker-2", [OPERATION], 1)
    assert await store.settle(late, COMPLETED) is None
    assert not await store.checkpoint(late, b"{}")
    assert await other.settle(claim, COMPLETED) is not None
