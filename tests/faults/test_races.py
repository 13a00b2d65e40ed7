"""Two who want different things of one job at once: the first compare-and-set wins, and the history shows one story."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaos.audit import check_store, check_url
from coatcheck.clock import Clock, SystemClock
from coatcheck.domain.claim import Claim
from coatcheck.domain.event import EventType
from coatcheck.domain.job import JobRecord, Submission
from coatcheck.domain.outcome import Completed, Failed, Outcome, Released, Rescheduled
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.problem import operation_failed
from coatcheck.domain.result import Result
from coatcheck.domain.state import Status
from coatcheck.errors import JobNotRetryable
from coatcheck.ids import new_job_id
from coatcheck.settings import Settings
from coatcheck.store.open import AnyStore, open_store
from coatcheck.store.postgres import rescue
from coatcheck.store.sqlite import store as sqlite
from coatcheck.telemetry import Telemetry
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.harness import eventually, started

PROBLEM = operation_failed("ValueError", "no such month")
ENDINGS: dict[str, Outcome] = {
    "completed": Completed(Result(media_type="application/json", size=4, digest="00", body=b"null")),
    "failed": Failed(PROBLEM),
    "rescheduled": Rescheduled(PROBLEM, delay=1e6),
    "released": Released("its worker was shut down"),
}


SWEEPS = {"sqlite": sqlite, "postgresql": rescue}
"""Where the failpoint between a sweep's look and its write is."""


@pytest.fixture
def rounds(kind: str) -> int:
    """A round takes the time of its commits."""
    return 200 if kind == "sqlite" else 50


async def handle(url: str, clock: Clock) -> AnyStore:
    """One of several handles on a store, each with connections of its own, and on a file with a writer thread."""
    store = open_store(Settings(store=url, durability="process"), clock, Telemetry())
    await store.open()
    return store


@pytest.fixture
async def stores(empty_store: str) -> AsyncIterator[tuple[AnyStore, AnyStore]]:
    both = await handle(empty_store, SystemClock()), await handle(empty_store, SystemClock())
    yield both
    await check_store(both[0], ended=False)
    for store in both:
        await store.close()


async def submit(store: AnyStore) -> str:
    submission = Submission(
        id=new_job_id(), owner="alice", operation="job", arguments=b"{}", max_attempts=9, timeout=None, ttl=60, queue_bound=10**6
    )
    return (await store.submit(submission)).job.id


async def claim(store: AnyStore, worker: str = "worker") -> Claim:
    await submit(store)
    (claim,) = await store.claim(worker, ["job"], 1)
    return claim


async def look(store: AnyStore, job_id: str) -> tuple[JobRecord, list[EventType]]:
    job = await store.get(job_id, SYSTEM)
    assert isinstance(job, JobRecord)
    return job, [event.type for event in await store.events(job_id, SYSTEM)]


def test_each_of_many_claimers_in_many_processes_gets_jobs_of_its_own(empty_store: str, tmp_path: Path) -> None:
    """F32: four processes, one job at a time, and no job has two owners."""
    count = 300

    async def fill() -> set[str]:
        store = await handle(empty_store, SystemClock())
        ids = {await submit(store) for _ in range(count)}
        await store.close()
        return ids

    submitted = asyncio.run(fill())
    with ExitStack() as stack:
        script = [sys.executable, str(Path(__file__).with_name("claimer.py")), empty_store]
        claimers = [stack.enter_context(started([*script, f"worker-{number}", str(tmp_path / "go")])) for number in range(4)]
        eventually(lambda: all("ready" in claimer.log for claimer in claimers))
        (tmp_path / "go").touch()
        assert [claimer.ended() for claimer in claimers] == [0] * 4
        claimed = [claimer.log.split()[1:] for claimer in claimers]
    everything = [job_id for ids in claimed for job_id in ids]
    assert len(everything) == count
    assert set(everything) == submitted
    assert all(job.attempt == 1 for job in check_url(empty_store))


@pytest.mark.parametrize("name", ENDINGS)
async def test_cancel_against_the_end_of_a_run(stores: tuple[AnyStore, AnyStore], rounds: int, name: str) -> None:
    """F33: whoever loses sees what the winner made of it; a job never completes and is cancelled both."""
    worker, client = stores
    seen = set()
    for number in range(rounds):
        held = await claim(worker)
        ending, asking = worker.settle(held, ENDINGS[name]), client.cancel(held.job_id, "alice", actor="alice")
        await (asyncio.gather(ending, asking) if number % 2 else asyncio.gather(asking, ending))
        job, events = await look(worker, held.job_id)
        seen.add(job.status)
        if name == "completed":
            assert job.status is Status.COMPLETED
        elif name == "failed":
            assert job.status in (Status.FAILED, Status.CANCELLED)
        else:
            assert job.status is Status.CANCELLED
        assert len([event for event in events if event.terminal]) == 1
        assert await worker.claim("worker", ["job"], 1) == []
    assert seen


async def test_cancel_against_claim(stores: tuple[AnyStore, AnyStore], rounds: int) -> None:
    """F34: either it never starts, or its worker is asked to stop."""
    worker, client = stores
    for number in range(rounds):
        job_id = await submit(worker)
        starting, asking = worker.claim("worker", ["job"], 1), client.cancel(job_id, "alice", actor="alice")
        if number % 2:
            claims, _ = await asyncio.gather(starting, asking)
        else:
            _, claims = await asyncio.gather(asking, starting)
        job, events = await look(worker, job_id)
        if claims:
            assert job.status is Status.CANCELLING
            assert await worker.settle(claims[0], ENDINGS["released"])
            assert (await look(worker, job_id))[0].status is Status.CANCELLED
        else:
            assert (job.status, EventType.STARTED in events) == (Status.CANCELLED, False)


async def test_cancel_against_rescue_never_leads_to_another_run(stores: tuple[AnyStore, AnyStore], rounds: int) -> None:
    """F34: what was asked to stop is not rescued into a new attempt, in whichever order the two come."""
    sweeper, client = stores
    for number in range(rounds):
        held = await claim(sweeper, f"dead-{number}")
        rescuing, asking = sweeper.rescue(f"dead-{number}"), client.cancel(held.job_id, "alice", actor="alice")
        await (asyncio.gather(rescuing, asking) if number % 2 else asyncio.gather(asking, rescuing))
        assert (await look(sweeper, held.job_id))[0].status is Status.CANCELLED
        assert await sweeper.claim("worker", ["job"], 1) == []


async def test_cancel_against_retry(stores: tuple[AnyStore, AnyStore], rounds: int) -> None:
    """F34: of a failed job, a cancel that comes first finds nothing to cancel; one that comes second cancels the new life."""
    operator, client = stores
    for number in range(rounds):
        held = await claim(operator)
        assert await operator.settle(held, ENDINGS["failed"])
        retrying, asking = operator.retry(held.job_id, "alice", actor="alice"), client.cancel(held.job_id, "alice", actor="alice")
        await (asyncio.gather(retrying, asking) if number % 2 else asyncio.gather(asking, retrying))
        job, events = await look(operator, held.job_id)
        assert events.count(EventType.RETRIED) == 1
        assert job.status in (Status.QUEUED, Status.CANCELLED)
        await client.cancel(held.job_id, "alice", actor="alice")


async def test_two_retries_at_once_open_one_life(stores: tuple[AnyStore, AnyStore], rounds: int) -> None:
    """F34."""
    first, second = stores
    for _ in range(rounds // 4):
        held = await claim(first)
        assert await first.settle(held, ENDINGS["failed"])
        answers = await asyncio.gather(
            first.retry(held.job_id, "alice", actor="alice"), second.retry(held.job_id, "alice", actor="alice"), return_exceptions=True
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["JobNotRetryable", "JobRecord"], answers
        assert any(isinstance(answer, JobNotRetryable) for answer in answers)
        await first.cancel(held.job_id, "alice", actor="alice")


@pytest.mark.parametrize("meanwhile", ["completes", "renews", "is rescued and claimed again", "is rescued, claimed and lost again"])
async def test_a_sweep_that_saw_a_stale_lease_repeats_the_whole_condition_when_it_writes(
    kind: str, empty_store: str, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """F35: between the look and the write, at the failpoint made for it, the owner (or another sweep) is quicker."""
    clock = FakeClock()
    sweeper = await handle(empty_store, clock)
    held = await claim(sweeper, "owner")
    clock.advance(16)

    async def be_quicker() -> None:
        store = await handle(empty_store, clock)
        match meanwhile:
            case "completes":
                assert await store.settle(held, ENDINGS["completed"])
            case "renews":
                assert not (await store.heartbeat("owner", {held.job_id: held.fence})).lost
            case _:
                assert await store.rescue()
                assert await store.claim("successor", ["job"], 1)
                clock.advance(16 if "lost" in meanwhile else 0)
        await store.close()

    def at_the_point(name: str) -> None:
        assert name == "rescue.before_write"
        monkeypatch.undo()
        quicker = threading.Thread(target=lambda: asyncio.run(be_quicker()))
        quicker.start()
        quicker.join()

    monkeypatch.setattr(SWEEPS[kind], "failpoint", at_the_point)
    assert await sweeper.rescue() == []
    job, events = await look(sweeper, held.job_id)
    crashes = 1 if "rescued" in meanwhile else 0
    assert (job.status, job.crashes) == (Status.COMPLETED if meanwhile == "completes" else Status.RUNNING, crashes)
    assert events.count(EventType.RESCUED) == crashes
    await check_store(sweeper, ended=False)
    await sweeper.close()
