"""One writer, many units to a commit; and what becomes of the others when one goes wrong."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread

import apsw
import pytest

from coatcheck import failpoints
from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import IdempotencyKeyReused, QueueFull, StoreUnavailable
from coatcheck.store.contract import Listing
from coatcheck.store.sqlite import connection
from coatcheck.testing.conformance import OpenStore
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, OWNER, WORKER, history, queued, running, submission


class _Commits:
    """Counts commits and remembers connections, through apsw's own hooks."""

    def __init__(self) -> None:
        self.count = 0
        self.connections: list[apsw.Connection] = []

    def watch(self, db: apsw.Connection) -> None:
        self.connections.append(db)
        db.set_commit_hook(self._committed)

    def _committed(self) -> bool:
        self.count += 1
        return False


@pytest.fixture
def commits() -> Iterator[_Commits]:
    seen = _Commits()
    apsw.connection_hooks.append(seen.watch)
    yield seen
    apsw.connection_hooks.remove(seen.watch)


def _count_jobs(file: Path) -> int:
    """As another process would, from the file."""
    db = apsw.Connection(str(file))
    try:
        [(count,)] = db.execute("SELECT count(*) FROM jobs").fetchall()
        assert isinstance(count, int)
        return count
    finally:
        db.close()


async def test_callers_that_wait_together_share_a_commit(open_store: OpenStore, commits: _Commits) -> None:
    store = await open_store()
    before = commits.count
    await asyncio.gather(*(store.submit(submission()) for _ in range(64)))
    assert 1 <= commits.count - before <= 8
    assert len(await store.list(SYSTEM, Listing(limit=100))) == 64


async def test_a_unit_that_is_refused_takes_no_other_with_it(open_store: OpenStore) -> None:
    """Of 64 in one commit, those against the queue's bound and with a used key raise, the others are stored."""
    store = await open_store()
    good = [submission() for _ in range(30)]
    full = [submission(operation="full", queue_bound=0) for _ in range(30)]
    key = [submission(idempotency_key="k", fingerprint=bytes([number])) for number in range(4)]
    requests = [*good[:15], *full, *key, *good[15:]]
    answers = await asyncio.gather(*(store.submit(request) for request in requests), return_exceptions=True)
    errors = [type(answer) for answer in answers if isinstance(answer, Exception)]
    assert (errors.count(QueueFull), errors.count(IdempotencyKeyReused), len(errors)) == (30, 3, 33)
    assert {job.id for job in await store.list(SYSTEM, Listing(limit=100))} >= {request.id for request in good}


async def test_half_a_unit_is_never_kept(open_store: OpenStore) -> None:
    """Arguments that cannot be stored raise after the job's row was written; the row goes too, its neighbours stay."""
    store = await open_store()
    broken = submission(arguments="text where bytes belong")
    good = [submission(), submission()]
    answers = await asyncio.gather(*(store.submit(request) for request in (good[0], broken, good[1])), return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert {job.id for job in await store.list(SYSTEM, Listing())} == {request.id for request in good}
    assert (await store.depths())[OPERATION].queued == 2


async def test_a_full_disk_refuses_and_the_writer_goes_on(open_store: OpenStore, commits: _Commits, file: Path) -> None:
    """F22: no half state, the file sound, and work again once there is room."""
    store = await open_store()
    first = await queued(store)
    writer = commits.connections[0]
    writer.pragma("max_page_count", 1)  # SQLite makes it the present size
    big = [submission(arguments=b"x" * 100_000) for _ in range(5)]
    for answer in await asyncio.gather(*(store.submit(request) for request in big), return_exceptions=True):
        assert isinstance(answer, StoreUnavailable)
        assert f"{file} is unavailable: the disk is full" in str(answer)
    assert [job.id for job in await store.list(SYSTEM, Listing())] == [first.id]
    writer.pragma("max_page_count", 100_000)
    await asyncio.gather(*(store.submit(request) for request in big))
    assert len(await store.list(SYSTEM, Listing())) == 6
    assert (await store.depths())[OPERATION].queued == 6
    assert writer.pragma("integrity_check") == "ok"


async def test_a_lock_that_is_kept_too_long_refuses_and_the_writer_goes_on(
    open_store: OpenStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.02)
    store = await open_store()
    holder = apsw.Connection(str(file))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another process kept the write lock too long"):
        await store.submit(submission())
    with pytest.raises(StoreUnavailable):
        await store.ping()
    assert await store.list(OWNER, Listing()) == []  # reading needs no lock
    holder.execute("ROLLBACK")
    holder.close()
    assert (await queued(store)).version == 1


async def test_a_commit_that_fails_promises_nothing(open_store: OpenStore, file: Path) -> None:
    store = await open_store()
    failpoints.arm("submit.before_commit=oserror")
    answers = await asyncio.gather(*(store.submit(submission()) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers[:1])
    assert _count_jobs(file) == sum(not isinstance(answer, Exception) for answer in answers)
    assert (await queued(store)).version == 1


async def test_repeating_a_submit_whose_answer_was_lost_makes_one_job(open_store: OpenStore, file: Path) -> None:
    """F05: stored, but the answer never came; the key leads to the job."""
    store = await open_store()
    failpoints.arm("submit.after_commit=oserror")
    request = partial(submission, idempotency_key="k", fingerprint=b"1")
    with pytest.raises(StoreUnavailable):
        await store.submit(request())
    assert (await store.submit(request())).replayed
    assert _count_jobs(file) == 1


async def test_repeating_a_settle_whose_answer_was_lost_is_harmless(open_store: OpenStore) -> None:
    """F21 on one host: the second one is late, and nothing is written twice."""
    store = await open_store()
    claim = await running(store)
    failpoints.arm("settle.after_commit=oserror")
    with pytest.raises(StoreUnavailable):
        await store.settle(claim, COMPLETED)
    assert await store.settle(claim, COMPLETED) is None
    assert await history(store, claim.job_id) == ["accepted", "started", "completed"]


async def test_a_caller_that_gives_up_does_not_disturb_the_others(open_store: OpenStore) -> None:
    store = await open_store()
    requests = [submission() for _ in range(20)]
    tasks = [asyncio.ensure_future(store.submit(request)) for request in requests]
    await queued(store, operation="first")  # by now all are on their way
    impatient = [asyncio.ensure_future(store.submit(submission(operation="gone"))) for _ in range(20)]
    asyncio.get_running_loop().call_soon(lambda: [task.cancel() for task in impatient])
    answers = await asyncio.gather(*tasks)
    assert [answer.job.id for answer in answers] == [request.id for request in requests]
    assert all(isinstance(answer, asyncio.CancelledError) for answer in await asyncio.gather(*impatient, return_exceptions=True))
    assert (await queued(store)).version == 1


async def test_several_event_loops_share_a_store(open_store: OpenStore) -> None:
    store = await open_store()

    async def submit_some() -> list[str]:
        return [(await store.submit(submission())).job.id for _ in range(25)]

    made = await asyncio.gather(*(asyncio.to_thread(asyncio.run, submit_some()) for _ in range(4)))
    assert len({job_id for jobs in made for job_id in jobs}) == 100
    assert len(await store.list(SYSTEM, Listing(limit=200))) == 100


async def test_a_loop_that_closed_while_it_waited_is_not_missed(open_store: OpenStore) -> None:
    store = await open_store()

    def begin_and_leave() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(store.submit(submission()))
        loop.call_soon(loop.stop)
        loop.run_forever()
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()

    await asyncio.to_thread(begin_and_leave)
    assert (await queued(store)).version == 1


async def test_only_what_others_wait_for_is_hinted_at(open_store: OpenStore) -> None:
    """Leases and checkpoints are written often, and nobody waits for them."""
    store = await open_store()
    claim = await running(store)
    await store.keep(WORKER)  # by now the writer has told whom it had to tell of the claim
    loop, heard, rings = asyncio.get_running_loop(), asyncio.Event(), list[int]()

    def ring() -> None:
        rings.append(1)
        loop.call_soon_threadsafe(heard.set)

    stop = store.listen(ring)
    await heard.wait()  # the first look is a hint
    heard.clear()
    before = len(rings)
    await store.heartbeat(WORKER, {claim.job_id: claim.fence})
    await store.keep(WORKER)
    await store.checkpoint(claim, b"{}")
    await store.prune()
    await store.settle(claim, COMPLETED)
    await heard.wait()
    assert len(rings) == before + 1
    stop()


async def test_a_listener_that_raises_disturbs_nobody(open_store: OpenStore) -> None:
    store = await open_store()
    loop, heard = asyncio.get_running_loop(), asyncio.Event()

    def broken() -> None:
        raise RuntimeError("a listener's own fault")

    def ring() -> None:
        loop.call_soon_threadsafe(heard.set)

    stops = [store.listen(broken), store.listen(ring)]
    await queued(store)
    await heard.wait()
    assert (await queued(store)).version == 1
    for stop in stops:
        stop()


async def test_closing_commits_what_was_waiting(open_store: OpenStore, file: Path) -> None:
    store = await open_store()
    tasks = [asyncio.ensure_future(store.submit(submission())) for _ in range(500)]
    await queued(store)
    await store.close()
    await asyncio.gather(*tasks)
    assert _count_jobs(file) == 501


def _open_files(file: Path) -> int:
    return sum(str(file) in os_link for os_link in _links())


def _links() -> Iterator[str]:
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            yield str(descriptor.readlink())
        except OSError:
            continue


async def test_a_thread_that_read_leaves_no_file_open(open_store: OpenStore, file: Path) -> None:
    """SQLite keeps a file open while any connection of the process has locks on it, so it is asked when nothing runs."""
    store = await open_store()
    await store.list(OWNER, Listing())
    before = _open_files(file)
    for _ in range(5):
        thread = Thread(target=lambda: asyncio.run(store.get("x", OWNER)))
        thread.start()
        await asyncio.to_thread(thread.join)
    await queued(store)
    assert _open_files(file) <= before + 1
    await store.close()
    assert _open_files(file) == 0


async def test_closing_lets_go_of_threads_that_still_live(open_store: OpenStore, file: Path) -> None:
    store = await open_store()
    done, leave = Event(), Event()

    def read_and_linger() -> None:
        asyncio.run(store.get("x", OWNER))
        done.set()
        leave.wait()

    thread = Thread(target=read_and_linger)
    thread.start()
    await asyncio.to_thread(done.wait)
    await store.close()
    assert _open_files(file) == 0
    leave.set()
    thread.join()
