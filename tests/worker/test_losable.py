"""Fire and forget: requests run by the process that accepted them, and lost with it."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Job
from coatcheck.app import Coatcheck
from coatcheck.domain.owner import SYSTEM
from coatcheck.errors import ConfigurationError, QueueFull, Retry
from coatcheck.store.contract import Listing
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.signals import Flag, Signals

WHY = "the next one tells the same"


def application(directory: Path, **settings: Any) -> Coatcheck:
    usual: dict[str, Any] = {"store": f"sqlite:///{directory / 'jobs.db'}", "embedded_worker": False, "grace": 5.0}
    return Coatcheck(**usual | settings)


@pytest.fixture
def jobs(tmp_path: Path) -> Coatcheck:
    return application(tmp_path)


async def test_a_request_runs_in_this_process_and_leaves_nothing(jobs: Coatcheck) -> None:
    """`def` and `async def`, off the event loop that accepted it, its arguments through the codec, its files gone."""
    signals, here, seen = Signals(jobs.telemetry), threading.get_ident(), list[tuple[Any, ...]]()

    @jobs.operation("/a", durable=False, losable=WHY)
    async def greet(name: str, times: int = 1) -> bytes:
        seen.append((name, times, threading.get_ident() != here))
        return b"a file that nobody asks for"

    @jobs.operation("/b", durable=False, losable=WHY)
    def count(rows: list[int]) -> Iterator[dict[str, int]]:
        seen.append((sum(rows), threading.get_ident() != here))
        yield {"row": 1}

    async with jobs.lifespan():
        await greet.send("Zoë", times=2)
        await count.options(owner="ann").send([1, 2])
        await signals.told("losable.completed", count=2)
        assert sorted(seen, key=len) == [(3, True), ("Zoë", 2, True)]
        assert await jobs.wiring.store.list(SYSTEM, Listing()) == []
        assert await asyncio.to_thread(lambda: jobs.wiring.blobs.keys(older_than=0.0)) == []
    [accepted, other] = signals.all("losable.accepted")
    assert (accepted["operation"], accepted["owner"], other["owner"]) == ("greet", "everyone", "ann")
    assert signals.all("losable.lost") == []


async def test_what_a_run_says_is_told_and_kept_nowhere(jobs: Coatcheck, caplog: pytest.LogCaptureFixture) -> None:
    signals, caught = Signals(jobs.telemetry), list[Any]()

    @jobs.operation("/a", durable=False, losable=WHY)
    def talk(job: Job) -> None:
        job.progress(50, "half")
        job.log("line", level="warning")
        job.checkpoint({"row": 1})
        caught.append((job.last_checkpoint, job.attempt, job.cancelled))
        try:
            job.transaction(lambda _: None).__await__()
        except RuntimeError as error:
            caught.append(str(error))

    with caplog.at_level(logging.DEBUG, logger="coatcheck"):
        async with jobs.lifespan():
            await talk.send()
            done = await signals.told("losable.completed")
    assert caught[0] == ({"row": 1}, 1, False)
    assert "has none" in caught[1]
    assert (signals.all("losable.progress")[0]["percent"], signals.all("losable.log")[0]["message"]) == (50, "line")
    assert signals.all("losable.log")[0]["request"] == done["request"]
    assert "losable.log: a fire-and-forget request wrote a line about itself" in caplog.text


async def test_what_fails_is_told_once_and_not_tried_again(jobs: Coatcheck) -> None:
    signals, tries = Signals(jobs.telemetry), []

    @jobs.operation("/a", durable=False, losable=WHY)
    def fail(how: str) -> None:
        tries.append(how)
        raise Retry("the bank is closed") if how == "retry" else ValueError("no such month")

    async with jobs.lifespan():
        await fail.send("error")
        await fail.send("retry")
        await signals.told("losable.failed", count=2)
    assert sorted(tries) == ["error", "retry"]
    reasons = sorted(facts["reason"] for facts in signals.all("losable.failed"))
    assert reasons == ["no such month", "the bank is closed"]


async def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    """Its timeout begins when it does, not while it waits."""
    clock = FakeClock()
    jobs = application(tmp_path, clock=clock, concurrency=1)
    signals, begun, go_on = Signals(jobs.telemetry), Flag(), threading.Event()

    @jobs.operation("/a", durable=False, losable=WHY, timeout=10)
    async def wait_for_ever() -> None:
        begun.raise_()
        await asyncio.Event().wait()

    @jobs.operation("/b", durable=False, losable=WHY, timeout=10)
    def quick() -> None:
        go_on.set()

    async with jobs.lifespan():
        await wait_for_ever.send()
        await quick.send()
        await begun.raised()
        clock.advance(11)
        failed = await signals.told("losable.failed")
        await signals.told("losable.completed")
    assert (failed["operation"], "10" in failed["reason"], go_on.is_set()) == ("wait_for_ever", True, True)


async def test_a_bounded_number_waits_and_a_bounded_number_runs(tmp_path: Path) -> None:
    jobs = application(tmp_path, concurrency=2)
    signals, release, running, most = Signals(jobs.telemetry), threading.Event(), [0], [0]
    lock, both = threading.Lock(), Flag()

    @jobs.operation("/a", durable=False, losable=WHY, queue_bound=3)
    def hold() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if running[0] == 2:
                both.raise_()
        release.wait()
        with lock:
            running[0] -= 1

    async with jobs.lifespan():
        for _ in range(2):
            await hold.send()
        await both.raised()
        for _ in range(3):
            await hold.send()
        with pytest.raises(QueueFull, match="3 requests for 'hold' wait in this process already"):
            await hold.send()
        release.set()
        await signals.told("losable.completed", count=5)
    assert most[0] == 2
    assert len(signals.all("losable.accepted")) == 5


async def test_a_shutdown_waits_for_what_was_accepted(jobs: Coatcheck) -> None:
    """Within the grace, what waits is begun, too; `job.stopping` says so to whoever asks."""
    signals, begun, ends = Signals(jobs.telemetry), Flag(), []

    @jobs.operation("/a", durable=False, losable=WHY)
    async def work(n: int, job: Job) -> None:
        begun.raise_()
        while not job.stopping and n == 0:
            await asyncio.to_thread(lambda: None)
        ends.append(n)

    async with jobs.lifespan():
        for n in range(30):
            await work.send(n)
        await begun.raised()
    assert sorted(ends) == list(range(30))
    assert (len(signals.all("losable.completed")), signals.all("losable.lost")) == (30, [])


async def test_what_a_shutdown_cannot_wait_for_is_lost_and_told(tmp_path: Path) -> None:
    jobs = application(tmp_path, concurrency=1, grace=0.01)
    signals, begun = Signals(jobs.telemetry), Flag()

    @jobs.operation("/a", durable=False, losable=WHY)
    async def hang() -> None:
        begun.raise_()
        await asyncio.Event().wait()

    @jobs.operation("/b", durable=False, losable=WHY)
    async def never() -> None: ...

    async with jobs.lifespan():
        await hang.send()
        for _ in range(4):
            await never.send()
        await begun.raised()
    assert {facts["operation"]: facts["requests"] for facts in signals.all("losable.lost")} == {"hang": 1, "never": 4}
    assert signals.all("losable.completed") == []
    with pytest.raises(QueueFull, match="shutting down"):
        await never.send()


async def test_a_run_that_ignores_its_timeout_is_told_and_keeps_its_place(tmp_path: Path) -> None:
    clock = FakeClock()
    jobs = application(tmp_path, clock=clock, concurrency=1, grace=1.0)
    signals, begun, release, ended = Signals(jobs.telemetry), Flag(), threading.Event(), Flag()

    @jobs.operation("/a", durable=False, losable=WHY, timeout=1)
    def stubborn() -> None:
        begun.raise_()
        release.wait()

    @jobs.operation("/b", durable=False, losable=WHY)
    def after() -> None:
        ended.raise_()

    async with jobs.lifespan():
        await stubborn.send()
        await after.send()
        await begun.raised()
        clock.advance(2)
        while not signals.all("losable.failed"):  # the watchdog sees the deadline first, then the end of the grace
            clock.advance(2)
            await asyncio.to_thread(lambda: None)
        assert "goes on all the same" in signals.all("losable.failed")[0]["reason"]
        assert signals.all("losable.completed") == []
        release.set()
        await ended.raised()
        await signals.told("losable.completed")
    assert [facts["operation"] for facts in signals.all("losable.completed")] == ["after"]
    assert [facts["operation"] for facts in signals.all("losable.failed")] == ["stubborn"]


async def test_resources_are_there(jobs: Coatcheck) -> None:
    signals, seen = Signals(jobs.telemetry), []

    @jobs.resource()
    async def pool() -> AsyncIterator[str]:
        seen.append("open")
        yield "pool"
        seen.append("closed")

    @jobs.operation("/a", durable=False, losable=WHY)
    async def use(job: Job) -> None:
        seen.append(job.resource(pool))

    async with jobs.lifespan():
        await use.send()
        await signals.told("losable.completed")
    assert seen == ["open", "pool", "closed"]


async def test_nothing_is_started_where_no_operation_needs_it(jobs: Coatcheck) -> None:
    @jobs.operation("/a")
    def stored() -> None: ...

    async with jobs.lifespan():
        assert "coatcheck-losable" not in {thread.name for thread in threading.enumerate()}


async def test_stored_and_sent_are_two_verbs(jobs: Coatcheck) -> None:
    @jobs.operation("/a", durable=False, losable=WHY)
    def lost() -> None: ...

    @jobs.operation("/b")
    def stored() -> None: ...

    async with jobs.opened():
        with pytest.raises(ConfigurationError, match=r"not stored \(durable=False\), so there is no job: use send\(\)"):
            await lost.submit()
        with pytest.raises(ConfigurationError, match=r"are stored: use submit\(\)"):
            await stored.send()
        with pytest.raises(ConfigurationError, match="owner= alone"):
            await lost.options(delay=3).send()
        with pytest.raises(QueueFull, match="lifespan has not begun"):
            await lost.send()


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"durable": False}, "say in losable="),
        ({"durable": False, "losable": " "}, "say in losable="),
        ({"losable": WHY}, "write durable=False, too"),
        ({"durable": False, "losable": WHY, "isolation": "process"}, "leave isolation='process' out"),
        ({"durable": False, "losable": WHY, "retries": 1}, "retries= means nothing"),
        ({"durable": False, "losable": WHY, "max_in_flight": 1}, "max_in_flight= means nothing"),
        ({"durable": False, "losable": WHY, "sync_window": 1}, "sync_window= means nothing"),
        ({"durable": False, "losable": WHY, "idempotency_key_required": True}, "idempotency_key_required= means nothing"),
    ],
)
def test_what_only_a_job_can_have_is_refused(jobs: Coatcheck, policy: dict[str, Any], said: str) -> None:
    def function() -> None: ...

    with pytest.raises(ConfigurationError, match=said):
        jobs.operation("/a", **policy)(function)
